"""The laws of single values: what each form takes, keeps and says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from outreachd.fleet import forms


@pytest.mark.parametrize(
    ("form", "written", "kept"),
    [
        (forms.Line, "  Acme, Berlin ", "Acme, Berlin"),
        (forms.Address, "Ann@Mail.Example", "ann@mail.example"),
        (forms.DomainName, "Bücher.Example", "xn--bcher-kva.example"),
        (forms.CalendarZone, "recipient", "recipient"),
        (forms.CalendarZone, "Europe/Berlin", "Europe/Berlin"),
        (forms.Holidays, "", ""),
        (forms.Holidays, "DE-BY", "DE-BY"),
        (forms.Hours, "09:00-18:00", "09:00-18:00"),
        (forms.Duration, "3 days", "3 days"),
        (forms.Ground, "opt_in", "opt_in"),
    ],
)
def test_a_value_is_kept_as_it_will_be_compared(
    form: Any, written: str, kept: str
) -> None:
    """Addresses and names in one spelling; words of time as they were written."""
    assert TypeAdapter(form).validate_python(written) == kept


@pytest.mark.parametrize(
    ("form", "written", "said"),
    [
        (forms.Line, "a\r\nBcc: x", "must be one line of visible text"),
        (forms.Name, "x" * 101, "at most 100 characters"),
        (forms.Host, "a b", "must be a host name"),
        (forms.WebAddress, "ftp://x.example", "must be a web address"),
        (forms.Holidays, "germany", "must be a country such as"),
        (forms.Selector, "a.b", "must be a DNS label"),
        (forms.Zone, "recipient", "time zone 'recipient' is unknown"),
        (forms.Days, "someday", "must be days such as"),
        (forms.Rate, float("inf"), "finite"),
        (forms.Port, 65_536, "less than or equal to 65535"),
    ],
)
def test_what_has_another_form_is_refused(
    form: Any, written: object, said: str
) -> None:
    """The sentence says what would do, and never repeats the value as good."""
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(form).validate_python(written)
