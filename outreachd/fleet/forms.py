"""The forms that a value in a fleet file may have: a line, a host, hours, a duration.

Each is a type for the keys of a table: it says what is allowed, and hands on the value
as it is to be kept; words of time stay as written. What a value refers to is not asked
here. TOML is read strictly: "40" is no number there.
Errors: ValueError with the end of a sentence that begins with the key.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from outreachd.rules import address, calendar, written
from outreachd.rules.contact_row import consent

# Of every table of the file, and of a row of its CSV.
TABLE = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be one line of visible text")
    return text.strip()


def _zone(name: str) -> str:
    calendar.zone(name)
    return name


def _calendar_zone(name: str) -> str:
    return name if name == "recipient" else _zone(name)


def _domain(name: str) -> str:
    return address.domain_of(address.normalise(f"x@{name}"))


def _host(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._:-]{1,253}", name):
        raise ValueError(
            'must be a host name or an address, such as "smtp.example.org"'
        )
    return name


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"]{3,}", text):
        raise ValueError('must be a web address such as "https://example.org"')
    return text


def _holidays(text: str) -> str:
    if re.fullmatch(r"([A-Z]{2}(-\w+)?|recipient)?", text):
        return text
    raise ValueError('must be a country such as "DE" or "DE-BY", "recipient", or ""')


def _selector(name: str) -> str:
    if re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name):
        return name
    raise ValueError('must be a DNS label such as "o1"')


def _ground(text: str) -> str:
    basis = consent(text, None, None).basis
    if basis is None:
        raise ValueError('must be a ground of consent, such as "opt_in"')
    return basis


def _whole(value: object) -> object:
    if isinstance(value, dict):  # as TOML reads mx.example = 30
        raise ValueError(
            'must be a whole number; a name with a dot stands in quotes: "mx.example"'
        )
    return value


def _parsed_by(reader: Any) -> AfterValidator:
    def check(text: str) -> str:
        reader(text)
        return text

    return AfterValidator(check)


Line = Annotated[str, Field(max_length=500), AfterValidator(_line)]
Name = Annotated[str, Field(max_length=100), AfterValidator(_line)]
Address = Annotated[str, AfterValidator(address.normalise)]
Folder = Annotated[str, Field(max_length=200), AfterValidator(_line)]
DomainName = Annotated[str, AfterValidator(_domain)]
Selector = Annotated[str, Field(max_length=50), AfterValidator(_selector)]
Host = Annotated[str, AfterValidator(_host)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Tls = Literal["starttls", "implicit", "none"]
Auth = Literal["password", "xoauth2"]  # what a password file holds
Zone = Annotated[str, AfterValidator(_zone)]
CalendarZone = Annotated[str, AfterValidator(_calendar_zone)]
Hours = Annotated[str, _parsed_by(written.parse_hours)]
Holidays = Annotated[str, AfterValidator(_holidays)]
Days = Annotated[str, _parsed_by(written.parse_days)]
Delay = Annotated[str, _parsed_by(written.parse_delay)]
Duration = Annotated[str, _parsed_by(written.parse_duration_s)]
Letters = Annotated[int, Field(ge=0, le=10_000_000)]
# Not just above zero: the wait for a letter must be a time that a calendar knows.
Rate = Annotated[float, Field(ge=0.0001, le=1_000_000, allow_inf_nan=False)]
PerMinute = Annotated[int, BeforeValidator(_whole), Field(gt=0, le=1_000_000)]
Share = Annotated[float, Field(ge=0.001, le=1_000_000, allow_inf_nan=False)]
Ground = Annotated[str, AfterValidator(_ground)]
Body = Annotated[str, Field(min_length=1, max_length=500_000)]
