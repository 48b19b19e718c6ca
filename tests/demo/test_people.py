"""The laws of the demo's contacts."""

import pytest

from outreachd.demo.fleet import capacities
from outreachd.demo.people import TooManyError, people, usual_contacts
from outreachd.demo.places import PLACES, place_names
from outreachd.rules.address import normalise


def test_everybody_is_there_once() -> None:
    """The recipient tells the letter: no address comes twice, and none is missing."""
    made = people(1200, 20_000, seed=1)
    emails = [person.email for persons in made.values() for person in persons]
    assert len(emails) == len(set(emails)) == 20_000
    assert set(made) == {name for place in PLACES for name in place_names(place)}


def test_the_same_seed_makes_the_same_people() -> None:
    """Another seed makes others."""
    assert people(60, 100, seed=1) == people(60, 100, seed=1) != people(60, 100, seed=2)


def test_addresses_are_as_an_import_would_keep_them() -> None:
    """Nothing about them would be changed or refused, and nobody can be reached."""
    for persons in people(12, 50, seed=3).values():
        for person in persons:
            assert normalise(person.email) == person.email
            assert person.email.endswith(".example")


@pytest.mark.parametrize("mailboxes", [4, 60, 1200])
def test_no_place_gets_more_than_it_can_send_in_a_day(mailboxes: int) -> None:
    """With as many contacts as are usual each place has room to spare."""
    made = people(mailboxes, usual_contacts(mailboxes), seed=1)
    rooms = capacities(mailboxes)
    for place in PLACES:
        assert sum(len(made[name]) for name in place_names(place)) < rooms[place.city]


def test_more_than_can_be_reached_is_refused_with_a_way_out() -> None:
    """The sentence says how many can be written to."""
    most = usual_contacts(60)
    people(60, most, seed=1)
    with pytest.raises(TooManyError, match=rf"{most} contacts.*fewer --contacts"):
        people(60, most + 1, seed=1)


def test_the_usual_number_is_twenty_thousand() -> None:
    """1200 mailboxes do 20 000; a larger fleet shows no larger day unasked."""
    assert usual_contacts(1200) == usual_contacts(12_000) == 20_000
