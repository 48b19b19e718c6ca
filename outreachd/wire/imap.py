"""Mailboxes by IMAP, for the event loop: threads that are few, and limits that hold.

Names are looked up and sockets connected without a thread; the blocking rest of each
step runs in a small pool of named threads. A step past its limit, or a reader that is
cancelled, has its socket cut, which ends the blocking call: no thread is lost to a
server that hangs. A visit is one connection; it is closed after use.
Limits are seconds. Errors: MailboxAwayError.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeVar

from outreachd.rules.model import Tls
from outreachd.rules.sources import (
    MailboxAwayError,
    Mark,
    Result,
    Source,
    believable,
    uids_after,
)
from outreachd.wire.dial import DialError
from outreachd.wire.imap_client import ImapClient

# Catch-alls that are told of mail at once; each holds a thread while it waits.
IDLERS = 8
JUNK = "junk"
# How long the thread of a cut connection may take to notice.
CUT_S = 5.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapLimits:
    """How long a server may take, in seconds, step by step."""

    connect_s: float = 15.0
    login_s: float = 30.0  # greeting, TLS and login together
    look_s: float = 30.0
    fetch_s: float = 60.0
    leave_s: float = 5.0


class Sockets(Protocol):
    """Whatever connects: wire/dial."""

    async def connect(
        self, host: str, port: int, *, limit_s: float, loopback_only: bool = False
    ) -> socket.socket:
        """Connect to one of the addresses of a host; raises DialError."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is new in a folder, and where its bookmark goes when nothing is."""

    validity: int
    uids: list[int]
    rest: Mark


class ImapPost:
    """Opens visits. Close it at the end."""

    def __init__(
        self,
        dialer: Sockets,
        tls: ssl.SSLContext,
        *,
        threads: int,
        limits: ImapLimits | None = None,
    ) -> None:
        self._dialer = dialer
        self._tls = tls
        self._limits = limits or ImapLimits()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="imap")
        self._idlers = ThreadPoolExecutor(IDLERS, thread_name_prefix="imap-idle")

    async def visit(self, source: Source, secret: str) -> Visit:
        """Connect and sign in."""
        imap = source.imap
        try:
            sock = await self._dialer.connect(
                imap.host,
                imap.port,
                limit_s=self._limits.connect_s,
                loopback_only=imap.tls is Tls.NONE,
            )
        except DialError as error:
            raise MailboxAwayError(Result.UNREACHABLE, str(error)) from None
        visit = Visit(sock, source, self._limits, self._pool, self._idlers)
        try:
            await visit.enter(self._tls, secret)
        except BaseException:
            visit.cut()
            raise
        return visit

    def close(self) -> None:
        """Let no further step begin; visits are cut by whoever holds them."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._idlers.shutdown(wait=False, cancel_futures=True)


class Visit:
    """One connection to one mailbox."""

    def __init__(
        self,
        sock: socket.socket,
        source: Source,
        limits: ImapLimits,
        pool: Executor,
        idlers: Executor,
    ) -> None:
        # Of each single wait; a server that drips is ended by the limit of the step.
        sock.settimeout(max(limits.login_s, limits.look_s, limits.fetch_s))
        # A second handle on the connection: TLS takes the first one over.
        self._handle = sock.dup()
        self._client = ImapClient(sock, source)
        self._limits = limits
        self._pool = pool
        self._idlers = idlers
        self._running: asyncio.Future[Any] | None = None

    async def enter(self, tls: ssl.SSLContext, secret: str) -> None:
        """Sign in."""
        client = self._client
        await self._step(lambda: client.enter(tls, secret), self._limits.login_s)

    async def look(self, folder: str, mark: Mark | None, since: date) -> Look | None:
        """Open a folder and list what is new in it; None = there is no such folder."""
        return await self._step(
            lambda: self._look(folder, mark, since), self._limits.look_s
        )

    def _look(self, folder: str, mark: Mark | None, since: date) -> Look | None:
        client = self._client
        opened = client.examine(folder)
        if opened is None and folder.lower() == JUNK:
            name = client.folder_for_junk()
            opened = client.examine(name) if name else None
        if opened is None:
            return None
        validity, next_uid = opened
        after = uids_after(mark, validity, next_uid)
        uids = believable(client.uids(after, since), after or 0)
        if after is not None:
            return Look(validity, uids, Mark(validity, after))
        newest = next_uid - 1 if next_uid is not None else client.highest_uid()
        return Look(validity, uids, Mark(validity, max(newest, 0)))

    async def fetch(self, uid: int) -> bytes | None:
        """Read a mail of the folder looked into, or its beginning; None = gone."""
        return await self._step(lambda: self._client.fetch(uid), self._limits.fetch_s)

    async def wait_for_mail(self, limit_s: float) -> bool:
        """Wait until the server tells of new mail; False = it did not, or cannot."""
        client = self._client
        if not client.can_idle:
            return False
        return await self._step(
            lambda: client.idle(limit_s), limit_s + self._limits.look_s, self._idlers
        )

    @property
    def can_wait(self) -> bool:
        """Tell whether the server tells of new mail by itself."""
        return self._client.can_idle

    async def leave(self) -> None:
        """Say goodbye; the connection is closed in any case."""
        try:
            await self._step(self._client.leave, self._limits.leave_s)
        except MailboxAwayError:
            pass  # it has been read: how it parts does not matter
        finally:
            self.cut()

    def cut(self) -> None:
        """Close the connection, under whatever is waiting on it."""
        with suppress(OSError):
            self._handle.shutdown(socket.SHUT_RDWR)
        self._handle.close()
        if self._running is None or self._running.done():
            self._client.close()
        else:
            self._running.add_done_callback(self._close)

    def _close(self, ended: asyncio.Future[Any]) -> None:
        """Close what a thread has just left; what it says of that is of no use."""
        if not ended.cancelled():
            ended.exception()
        self._client.close()

    async def _step(
        self, do: Callable[[], T], limit_s: float, pool: Executor | None = None
    ) -> T:
        running = asyncio.get_running_loop().run_in_executor(pool or self._pool, do)
        self._running = running
        try:
            async with asyncio.timeout(limit_s):
                return await asyncio.shield(running)
        except TimeoutError:
            await self._end(running)
            text = f"it did not answer within {limit_s:g} s"
            raise MailboxAwayError(Result.LATE, text) from None
        except asyncio.CancelledError:
            await self._end(running)
            raise

    async def _end(self, running: asyncio.Future[T]) -> None:
        """Cut the connection and wait until the thread has noticed."""
        self.cut()
        await asyncio.wait({running}, timeout=CUT_S)
