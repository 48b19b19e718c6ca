"""The laws of public holidays: of a country, of a part of it, of none."""

from datetime import date

import pytest

from outreachd.rules.holiday import Holidays


def test_a_part_of_a_country_adds_its_own_days() -> None:
    """International Women's Day is kept in Berlin, Christmas everywhere."""
    womens_day, christmas = date(2026, 3, 8), date(2029, 12, 25)
    assert womens_day in Holidays("DE-BE")
    assert womens_day not in Holidays("DE")
    assert christmas in Holidays("DE")
    assert christmas in Holidays("DE-BE")


@pytest.mark.parametrize("area", ["DE-BY", "de-by", "DE-DE-BY", "DE-bayern"])
def test_a_part_is_known_by_code_or_name(area: str) -> None:
    """As people write it in their lists."""
    assert Holidays(area).name(date(2026, 1, 6)) == "Epiphany"


@pytest.mark.parametrize("area", ["DE-Nowhere", "JP-13", "DE-"])
def test_a_part_nobody_lists_keeps_its_country(area: str) -> None:
    """New Year's Day needs no part."""
    assert Holidays(area).name(date(2026, 1, 1)) == "New Year's Day"


@pytest.mark.parametrize("area", ["", "XX", "??-??", "-"])
def test_what_is_no_country_has_no_holidays(area: str) -> None:
    """Nothing is guessed, nothing fails."""
    assert date(2026, 1, 1) not in Holidays(area)
    assert "new year" not in Holidays(area)


def test_a_name_is_told_for_a_holiday_only() -> None:
    """In English where the library has it."""
    assert Holidays("FR").name(date(2026, 7, 14)) == "National Day"
    assert Holidays("FR").name(date(2026, 7, 15)) is None
