"""The laws of finding the day on which somebody is back."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.autoreply_dates import FURTHEST, return_date

WRITTEN = date(2026, 10, 12)
BACK = """
I am away and will be back on Monday 26 October. : 2026-10-26
I am out of the office until October 26th, 2026. : 2026-10-26
I'm away from 12 Oct to 19 Oct : 2026-10-19
Back on 2026-10-19 : 2026-10-19
on maternity leave until May 2027 : 2027-05-01
I will return on 5 January : 2027-01-05
out until 10/19/2026 : 2026-10-19
out until 02/11/2026 : 2026-11-02
out of office until 11/02 (PTO) : 2026-11-02
Office closed 10.10.2026 - 19.10.2026 : 2026-10-19
ich bin bis zum 19.10.2026 nicht im Büro : 2026-10-19
Ich bin ab dem 2. November wieder erreichbar : 2026-11-02
vom 12.10. bis 19.10. im Urlaub : 2026-10-19
Je serai de retour le 19 octobre 2026 : 2026-10-19
absent jusqu'au 1er novembre : 2026-11-01
Estaré fuera hasta el 19 de octubre de 2026 : 2026-10-19
Sarò fuori ufficio fino al 19 ottobre : 2026-10-19
Estarei ausente até 19 de outubro : 2026-10-19
Ik ben terug op 19 oktober : 2026-10-19
Będę nieobecny do 19 października 2026 : 2026-10-19
Нахожусь в отпуске до 19 октября : 2026-10-19
В отпуске с 12.10 по 19.10.2026, вернусь 20 октября : 2026-10-20
Я у відпустці до 19 жовтня : 2026-10-19
19 Ekim tarihine kadar ofis dışındayım : 2026-10-19
Jag är tillbaka den 19 oktober : 2026-10-19
現在休暇中です。10月19日に戻ります。 : 2026-10-19
我将于2026年10月19日返回 : 2026-10-19
I wrote this on 1.1.2020 : None
I am away. : None
version 1.2.3, call 12.34.56 : None
until 31.02.2027 : None
until 99/99/9999 : None
"""


@pytest.mark.parametrize("row", BACK.strip().split("\n"))
def test_the_day_is_found(row: str) -> None:
    """In many languages and orders; a year that is not told is the next one."""
    text, _, expected = row.rpartition(" : ")
    found = return_date(text, written=WRITTEN)
    assert str(found) == expected


@given(st.text(max_size=300), st.dates(date(2000, 1, 1), date(2090, 1, 1)))
def test_a_return_lies_ahead_and_not_too_far(text: str, written: date) -> None:
    """Whatever is written, nobody is waited for in the past or for ever."""
    found = return_date(text, written=written)
    assert found is None or written <= found <= written + FURTHEST


@given(st.dates(date(2026, 10, 12), date(2028, 10, 1)))
def test_every_day_is_read_in_iso_and_in_german(day: date) -> None:
    """Two unambiguous ways of writing, every day of two years."""
    for text in (f"until {day}", f"bis {day.day}.{day.month}.{day.year}"):
        assert return_date(text, written=WRITTEN) == day
