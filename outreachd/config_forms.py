"""The forms that a setting may have: a DSN, a web address, a name server, a limit.

Each is a type for the keys of ``config.py``: it says what is allowed, and hands on the
value as it was written. Nothing is looked up. Durations are seconds.
Errors: ValueError with the end of a sentence that begins with the key.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from outreachd.rules.written import parse_number

# Of every section. A refused value may be a secret: no error repeats it.
SECTION = ConfigDict(
    frozen=True, strict=True, extra="forbid", hide_input_in_errors=True
)


def _dsn(text: str) -> str:
    if text == "embedded" or text.startswith(("postgresql://", "postgres://")):
        return text
    raise ValueError('must be "embedded" or "postgresql://USER@HOST,HOST/DATABASE"')


def _base_url(text: str) -> str:
    if re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+(/[^\s?#]*)?", text):
        return text.rstrip("/")
    raise ValueError('must be a web address such as "https://out.example.org"')


def _mailto(text: str) -> str:
    if re.fullmatch(r"[^\s@<>,;:?&%\"]+@[A-Za-z0-9.-]+", text):
        return text
    raise ValueError('must be one plain address such as "unsubscribe@example.org"')


def _host_name(name: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f.:]+\]", name):
        return name
    raise ValueError('must be a host name such as "out.example.org"')


def _name_server(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):  # no port; bare IPv6
        host, port = text, "53"
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
        if 0 < parse_number(port) < 65_536:
            return text
    except ValueError:
        pass
    raise ValueError('must be an address such as "192.0.2.53" or "192.0.2.53:5353"')


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError('must be an address such as "192.0.2.1"') from None


def _zone(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text):
        return text.lower()
    raise ValueError('must be a name in DNS such as "zen.spamhaus.org"')


Dsn = Annotated[str, AfterValidator(_dsn)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Mailto = Annotated[str, AfterValidator(_mailto)]
HostName = Annotated[str, AfterValidator(_host_name)]
AnyPath = Annotated[Path, Field(strict=False)]
NameServer = Annotated[str, AfterValidator(_name_server)]
Address = Annotated[str, AfterValidator(_address)]
Zone = Annotated[str, AfterValidator(_zone)]
Limit = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]  # seconds
