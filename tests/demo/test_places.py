"""The laws of who is in the demo."""

from outreachd.demo.places import FIRST, LAST, PLACES, campaign_name, place_names
from outreachd.rules.calendar import zone


def test_there_are_six_clients_with_two_directions_each() -> None:
    """Names are unique, and so are the campaigns made of them."""
    parties = [party for place in PLACES for party in place.parties]
    assert len({party.name for party in parties}) == len(parties) == 6
    campaigns = [name for place in PLACES for name in place_names(place)]
    assert len(set(campaigns)) == 12
    assert campaign_name(parties[0], "lab equipment") == "polaris-lab-equipment"


def test_who_shares_a_city_has_an_unequal_weight() -> None:
    """Else fair and equal would look the same; parts of a city make it whole."""
    for place in PLACES:
        assert len({party.share for party in place.parties}) == len(place.parties)
        assert sum(party.part for party in place.parties) == 1


def test_zones_are_real_and_names_are_different() -> None:
    """The zone database knows each zone; no name is in a list twice."""
    assert all(zone(name).key == name for place in PLACES for name in place.zones)
    assert len(set(FIRST)) == len(FIRST)
    assert len(set(LAST)) == len(LAST)
