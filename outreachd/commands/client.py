"""A small HTTP client to the control listener of a running daemon.

Verbs ask the daemon when it is there and the database when it is not; both are safe,
so "nobody answers" is an answer: None. A daemon that answers with a refusal is believed
and its words are shown. The token is read from the file the settings name and sent to
a loopback address or unix socket only. Every call ends within LIMIT_S.
Errors: FailedError, MisusedError for an unknown name; the words are the daemon's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import click
import msgspec

from outreachd.commands.base import AS_APPLIED, FailedError, MisusedError
from outreachd.config import Settings
from outreachd.listen import TcpListen
from outreachd.rules.model import Kind
from outreachd.web.gates import token_line

LIMIT_S = 15.0  # a pause waits for the intents under way
READY_LIMIT_S = 3.0
CONNECT_S = 2.0
UNAUTHORISED = 401
UNKNOWN = 404  # of an order: nothing in the fleet has the name
REFUSED = 400  # and above

# How the listener names the collections.
PLURALS = {
    Kind.CLIENT: "clients",
    Kind.CAMPAIGN: "campaigns",
    Kind.DOMAIN: "domains",
    Kind.MAILBOX: "mailboxes",
    Kind.ACCOUNT: "accounts",
}


def path_of(kind: Kind, name: str, verb: str) -> str:
    """Name what a pause or resume is posted to; names are quoted."""
    if kind is Kind.FLEET:
        return f"/v1/fleet/{verb}"
    return f"/v1/{PLURALS[kind]}/{quote(name, safe='')}/{verb}"


async def ask(
    settings: Settings, path: str, body: Mapping[str, object] | None = None
) -> dict[str, Any] | None:
    """GET a path, or POST a body to it; None = no daemon of ours answers there."""
    token = _token(settings)
    if token is None:
        return None
    try:
        async with _session(settings, token, LIMIT_S) as session:
            method = "GET" if body is None else "POST"
            url = f"http://{_host(settings)}{path}"
            async with session.request(method, url, json=body) as response:
                raw = await response.read()
                is_order = body is not None
                return _answer(settings, response.status, raw, is_order=is_order)
    except (OSError, TimeoutError, aiohttp.ClientError):
        return None


async def readiness(settings: Settings) -> tuple[bool, str] | None:
    """Ask whether letters can leave, and if not, why; None = no daemon answers."""
    try:
        async with _session(settings, None, READY_LIMIT_S) as session:
            url = f"http://{_host(settings)}/readyz"
            async with session.get(url) as response:
                told = msgspec.json.decode(await response.read())
                return bool(told["ready"]), str(told["reason"])
    except (
        OSError,
        TimeoutError,
        aiohttp.ClientError,
        msgspec.DecodeError,
        KeyError,
        TypeError,
    ):
        return None


def token_file(settings: Settings) -> Path:
    """Tell where the control token is kept."""
    assert settings.state.directory is not None
    return settings.http.control.token_file or (
        settings.state.directory / "control.token"
    )


def _token(settings: Settings) -> str | None:
    try:
        first = token_file(settings).read_text().strip().partition("\n")[0]
        return token_line(first)[2] or None
    except FileNotFoundError:
        return None  # no daemon has run here yet
    except (OSError, UnicodeDecodeError) as error:
        click.echo(
            f"outreachd: the control token in {token_file(settings)} cannot be read "
            f"({type(error).__name__}), so the daemon is not asked.",
            err=True,
        )
        return None


def _session(
    settings: Settings, token: str | None, limit_s: float
) -> aiohttp.ClientSession:
    listen = settings.http.control.listen
    connector: aiohttp.BaseConnector
    if isinstance(listen, TcpListen):
        connector = aiohttp.TCPConnector()
    else:
        connector = aiohttp.UnixConnector(str(listen.path))
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=limit_s, connect=CONNECT_S),
        headers={"Authorization": f"Bearer {token}"} if token else {},
        trust_env=False,  # a proxy must not see the token
    )


def _host(settings: Settings) -> str:
    listen = settings.http.control.listen
    if not isinstance(listen, TcpListen):
        return "localhost"
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    return f"{host}:{listen.port}"


def _answer(
    settings: Settings, status: int, raw: bytes, *, is_order: bool
) -> dict[str, Any] | None:
    if status == UNAUTHORISED:
        click.echo(
            f"outreachd: {_host(settings)} does not know the token in "
            f"{token_file(settings)}: it is somebody else's, so it is not asked.",
            err=True,
        )
        return None
    try:
        told = msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError:
        return None  # not a daemon of ours
    if status >= REFUSED:
        refusal = _refusal(told)
        if is_order and status == UNKNOWN:
            raise MisusedError(f"{refusal.rstrip('.')}: {AS_APPLIED}.")
        raise FailedError(refusal)
    return told


def _refusal(told: Mapping[str, Any]) -> str:
    """Join what the daemon says was wrong into a sentence."""
    detail = str(told.get("detail", "the daemon refused without a word"))
    mistakes = [f"{one['where']}: {one['message']}" for one in told.get("errors", ())]
    text = f"{detail.rstrip('.')}: {'; '.join(mistakes)}." if mistakes else detail
    return text[:1].lower() + text[1:]
