"""Is this the database we have worked with, or a copy of it?

A copy remembers sends as waiting that have long been sent: who sends from it writes to
people twice. So a database has an id, knows the server it was last used on, and counts
an epoch while it is used; the state directory remembers the furthest epoch it has seen.
A database on another server, or behind what we have seen, is a copy until a person says
that it is the one to go on with. A failover is none: the promoted server has the same
system identifier and has seen our epochs.
"""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct


class Server(Struct, frozen=True):
    """Where a database lives: what changes when it is dumped, restored or promoted."""

    cluster: str  # the server's system identifier / the oid there; "" = unreadable
    timeline: int  # counts recoveries and promotions; 0 = unreadable


class Identity(Struct, frozen=True, kw_only=True):
    """What a database says of itself."""

    id: UUID
    epoch: int  # 0 = never used
    used_on: Server  # where it was used last
    is_doubted: bool  # found to be a copy, and nobody has said yet to go on with it


class Kept(Struct, frozen=True):
    """What the state directory knows: the furthest epoch it has seen of a database."""

    id: UUID
    epoch: int


def why_doubted(identity: Identity, server: Server, kept: Kept | None) -> str | None:
    """Say why a database must be taken for a copy; None = it is the one."""
    if kept is not None and kept.id != identity.id:
        kept = None  # this state directory has worked with another database before
    if why := _behind_or_elsewhere(identity, server, kept):
        return why
    return "its database was found to be a copy" if identity.is_doubted else None


def _behind_or_elsewhere(
    identity: Identity, server: Server, kept: Kept | None
) -> str | None:
    if kept is not None and kept.epoch > identity.epoch:
        return (
            f"its database is an older copy: epoch {identity.epoch}, and this state "
            f"directory has seen epoch {kept.epoch}"
        )
    if identity.epoch == 0:
        return None
    used_on = identity.used_on
    if used_on.cluster and server.cluster and used_on.cluster != server.cluster:
        return (
            "its database is a copy: it was last used as another database or on "
            "another PostgreSQL server"
        )
    if kept is None and 0 < used_on.timeline < server.timeline:
        return (
            "its database was recovered or promoted since it was used, and this state "
            "directory has never seen it"
        )
    return None
