"""Connections to PostgreSQL, over one or several hosts, that heal by themselves.

Whoever borrows a connection gets one to a server that takes writes, or
LedgerAwayError: then nothing is known to be done, and trying again later is right.
After such an error the connection is dropped and all others are renewed before their
next use, so that a demoted or dead primary is left for good. Every wait has a limit.
Errors: LedgerAwayError; UnfitError for a value that no row can hold; DatabaseError from
open() for a mistake in the settings.
Source: asyncpg documentation, PostgreSQL appendix A (error codes).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from outreachd.rules.records import LedgerAwayError
from outreachd.store.hosts import Dialer, Host, parse_hosts

Connection: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"

ACQUIRE_LIMIT_S = 10.0
COMMAND_LIMIT_S = 10.0  # ours; the server's own limits are shorter and tell more
RELEASE_LIMIT_S = 2.0
SERVER_SETTINGS = {
    "jit": "off",  # costs the claim 20 to 560 ms
    "timezone": "UTC",
    "statement_timeout": "8s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
}
# For the few statements that run for every batch of letters: each finds its rows by
# keys it is given, so the plan is always the same, index by index. The planner would
# guess from tables that were empty when it was asked.
HOT_SETTINGS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}

# Error classes and codes that mean "not now, not here". 08 connection, 53 out of
# disk, memory or connections, 57P shut down or starting, 58 its files fail.
AWAY_CLASSES = ("08", "53", "57P", "58")
AWAY_CODES = frozenset(
    {
        "25006",  # read-only: a demoted primary or a replica
        "25P03",  # idle in transaction for too long: we or the network stood still
        "25P04",  # transaction timeout
        "57014",  # statement timeout: too slow is as good as away
    }
)
# Somebody else was in the way, the connection is sound: only try again.
CONFLICT_CODES = frozenset(
    {
        "40001",  # serialization failure
        "40P01",  # deadlock
        "55P03",  # lock timeout
    }
)
READ_ONLY = "25006"
# What can be mended, in words, and where to look.
SENTENCES = {
    READ_ONLY: "it takes no writes: a replica, or default_transaction_read_only is on",
    "53100": "its disk is full: make room on it",
    "53300": "it has no connection left: see max_connections and pg_stat_activity",
    "55P03": "somebody else locks what is needed: pg_stat_activity tells who",
    "57014": "a statement took too long: see what loads it in pg_stat_activity",
}
# asyncpg has one class for a lost link and for misuse; only the text tells them apart.
# "released back": a lent connection that broke has left its borrower's hands.
LOST_LINK_WORDS = ("closed", "closing", "released back")
CLIENT_ERRORS = (asyncpg.InterfaceError, asyncpg.InternalClientError)


# What somebody gave us that no row can hold: NUL and lone surrogates in a text, a
# number beyond its column, a year beyond the calendar. Said by the server, or by the
# library before anything is sent.
UNFIT_CODES = frozenset({"22000", "22003", "22008", "22021", "22P05"})
UNFIT = (
    "a name, text, number or time that was given is none that can be kept: it holds a"
    " character that is no text, or is too large"
)


class UnfitError(ValueError):
    """A value that was given can be neither kept nor looked for; a sentence."""


class DatabaseError(Exception):
    """The database refuses us because of a setting; the text says which."""


def is_away(error: BaseException) -> bool:
    """Tell whether the database is unreachable, overwhelmed or read-only."""
    match error:
        case asyncpg.PostgresError():
            code = error.sqlstate or "08000"  # told by the library, not by a server
            return code in AWAY_CODES or code.startswith(AWAY_CLASSES)
        case asyncpg.InternalClientError() | OSError():
            # The first: no host takes writes, or a server's last words met a new
            # statement half-way ("cannot switch to state") and confused the client.
            return True
        case asyncpg.DataError():
            return False
        case asyncpg.InterfaceError():
            return any(word in str(error) for word in LOST_LINK_WORDS)
        case _:
            return False


def is_conflict(error: BaseException) -> bool:
    """Tell whether the same statement may succeed if it is only tried again."""
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return True  # a migration came between; asyncpg has forgotten the old plan
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in CONFLICT_CODES


class Database:
    """A pool of connections that outlives failovers, restarts and freezes."""

    def __init__(self, pool: asyncpg.Pool[Any], dialer: Dialer) -> None:
        self._pool = pool
        self._dialer = dialer

    @property
    def connections_made(self) -> int:
        """How often it has connected: behind a new connection may be another server."""
        return self._dialer.made

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        application_name: str = "outreachd",
        max_connections: int = 10,
        command_limit_s: float = COMMAND_LIMIT_S,
        hot: bool = False,
    ) -> Database:
        """Make the pool and prove it by one connection; ``hot`` is for the ledger."""
        settings = SERVER_SETTINGS | {"application_name": application_name}
        if hot:
            settings |= HOT_SETTINGS
        dialer = Dialer(_hosts(dsn))
        pool = await asyncpg.create_pool(
            dsn,
            connect=dialer,
            min_size=0,  # a floor would be refilled, and fill the log, while it is away
            max_size=max_connections,
            command_timeout=command_limit_s,
            server_settings=settings,
            # Nobody leaves session state behind; the usual clean-up is a round trip.
            reset=_leave_as_it_is,
        )
        try:
            await pool.release(await pool.acquire(timeout=ACQUIRE_LIMIT_S))
        except Exception as error:
            pool.terminate()
            raise _translated(error) or _refusal(error) from error
        return cls(pool, dialer)

    @asynccontextmanager
    async def connection(
        self, timeout_s: float = ACQUIRE_LIMIT_S
    ) -> AsyncIterator[Connection]:
        """Lend a connection; ``timeout_s`` limits the wait for it, not its use."""
        try:
            lent = await self._pool.acquire(timeout=timeout_s)
        except (OSError, asyncpg.PostgresError, *CLIENT_ERRORS) as error:
            # Whatever a server says while we knock: there is none to be had now.
            raise LedgerAwayError(_sentence(error)) from error
        try:
            yield lent
        except Exception as error:
            if is_away(error):
                with suppress(asyncpg.InterfaceError):  # already out of our hands
                    lent.terminate()
                await self._pool.expire_connections()
            if translated := _translated(error):
                raise translated from error
            if isinstance(error, asyncpg.DataError) and error.sqlstate in UNFIT_CODES:
                raise UnfitError(UNFIT) from error
            raise
        finally:
            await self._give_back(lent)

    async def close(self, limit_s: float) -> None:
        """Wait for lent connections, at most ``limit_s``; then cut them off."""
        try:
            async with asyncio.timeout(limit_s):
                await self._pool.close()
        except Exception:  # noqa: BLE001 - whatever it is, nothing may stay open
            self._pool.terminate()

    async def _give_back(self, lent: PoolConnectionProxy[Any]) -> None:
        """Return a connection; if it breaks in this, asyncpg has dropped it already.

        What was done on it is done, so the borrower is not told.
        """
        with suppress(OSError, asyncpg.PostgresError, *CLIENT_ERRORS):
            await self._pool.release(lent, timeout=RELEASE_LIMIT_S)


async def _leave_as_it_is(_: Connection) -> None:
    """Reset nothing when a connection comes back."""


def _hosts(dsn: str) -> list[Host]:
    try:
        return parse_hosts(dsn)
    except ValueError:
        # Without its text: a password with an unquoted @ or / would be part of it.
        raise DatabaseError(
            "[database] dsn cannot be read: write it as "
            "postgresql://user:password@host1,host2/database, and special characters "
            "in the password as %40 and the like."
        ) from None


def _translated(error: Exception) -> LedgerAwayError | None:
    if is_away(error) or is_conflict(error):
        return LedgerAwayError(_sentence(error))
    return None


def _refusal(error: Exception) -> DatabaseError:
    return DatabaseError(f"the database refuses [database] dsn: {error}.")


def _sentence(error: BaseException) -> str:
    """Say in a line what a lost database looks like; some errors have no text."""
    told = error.strerror if isinstance(error, OSError) else None
    code = error.sqlstate if isinstance(error, asyncpg.PostgresError) else None
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        code = READ_ONLY
    why = SENTENCES.get(code or "") or told or f"{type(error).__name__}: {error}"
    return f"the database is away ({why})".splitlines()[0]
