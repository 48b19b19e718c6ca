"""Where an HTTP listener listens: an address and port, or a unix socket.

Text such as ``127.0.0.1:8025``, ``[::1]:8025`` or ``unix:PATH`` becomes a value.
Names other than localhost are refused: what a name means may change after start.
Errors: ValueError, whose text is a sentence part that says what is allowed.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from outreachd.rules.written import parse_number


@dataclass(frozen=True, slots=True)
class TcpListen:
    """An address and port to listen on."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can connect."""
        if self.host == "localhost":
            return True
        return ipaddress.ip_address(self.host).is_loopback

    def below(self, root: Path) -> TcpListen:
        """Have no path that could be relative."""
        return self


@dataclass(frozen=True, slots=True)
class UnixListen:
    """A unix socket to listen on."""

    path: Path

    def below(self, root: Path) -> UnixListen:
        """Count a relative path from ``root``."""
        return UnixListen(root / self.path)


Listening = TcpListen | UnixListen


def _listen(text: object) -> Listening:
    if isinstance(text, Listening):  # the environment's reader was here before
        return text
    if isinstance(text, str) and text.removeprefix("unix:") not in ("", text):
        return UnixListen(Path(text.removeprefix("unix:")))
    host, _, port = text.rpartition(":") if isinstance(text, str) else ("", "", "")
    host = host.strip("[]")
    try:
        if host != "localhost":
            ipaddress.ip_address(host)
        if 1 <= (number := parse_number(port)) <= 65535:
            return TcpListen(host, number)
    except ValueError:
        pass
    raise ValueError('must be "ADDRESS:PORT", such as "127.0.0.1:8025", or "unix:PATH"')


def _private(listen: Listening) -> Listening:
    if isinstance(listen, TcpListen) and not listen.is_loopback:
        raise ValueError("must be a loopback address or unix:PATH: control is private")
    return listen


Listen = Annotated[Listening, BeforeValidator(_listen)]
PrivateListen = Annotated[Listen, AfterValidator(_private)]
