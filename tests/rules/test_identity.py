"""The laws of telling a database from its copy."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from outreachd.rules.identity import Identity, Kept, Server, why_doubted

HERE, ELSEWHERE, DB = Server("7301/16384", 1), Server("7999/16384", 1), UUID(int=1)
USED = Identity(id=DB, epoch=7, used_on=HERE, is_doubted=False)
NEW = Identity(id=DB, epoch=0, used_on=Server("", 0), is_doubted=False)


@pytest.mark.parametrize(
    ("identity", "server", "kept"),
    [
        pytest.param(NEW, HERE, None, id="first start"),
        pytest.param(NEW, HERE, Kept(UUID(int=2), 9), id="a new one, after another"),
        pytest.param(USED, HERE, Kept(DB, 7), id="a restart"),
        pytest.param(USED, HERE, Kept(DB, 3), id="others have had their turn"),
        pytest.param(USED, HERE, None, id="a standby's first turn"),
        pytest.param(USED, Server("7301/16384", 2), Kept(DB, 7), id="a failover"),
        pytest.param(USED, Server("", 0), Kept(DB, 7), id="the server tells nothing"),
    ],
)
def test_the_one_goes_on(identity: Identity, server: Server, kept: Kept | None) -> None:
    """First starts, restarts, standbys and failovers need no person."""
    assert why_doubted(identity, server, kept) is None


@pytest.mark.parametrize(
    ("identity", "server", "kept", "why"),
    [
        pytest.param(USED, ELSEWHERE, None, "another PostgreSQL server", id="restored"),
        pytest.param(USED, ELSEWHERE, Kept(DB, 7), "another", id="restored, all moved"),
        pytest.param(USED, HERE, Kept(DB, 8), "older copy: epoch 7", id="older"),
        pytest.param(NEW, HERE, Kept(DB, 8), "older copy: epoch 0", id="very old"),
        pytest.param(USED, Server("7301/16384", 2), None, "promoted", id="base backup"),
    ],
)
def test_a_copy_is_doubted_and_told_why(
    identity: Identity, server: Server, kept: Kept | None, why: str
) -> None:
    """A restored dump, an older copy, a base backup that was promoted by itself."""
    assert why in (why_doubted(identity, server, kept) or "")


def test_a_doubt_stays_until_a_person_ends_it() -> None:
    """Restarting the daemon is no answer."""
    doubted = msgspec.structs.replace(USED, is_doubted=True)
    assert why_doubted(doubted, HERE, Kept(DB, 7))
