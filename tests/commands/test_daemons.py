"""The laws of telling which daemons answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from outreachd.commands.daemons import daemon_line, why_gone
from outreachd.store.database import Database
from outreachd.store.lease import PgLeases
from outreachd.store.steering import PgSteering
from tests.store.seed import NOW


def daemon(**values: Any) -> dict[str, Any]:
    """Make a daemon of another machine that sends."""
    usual = {
        "host": "elsewhere",
        "pid": 7,
        "role": "active",
        "version": "0.1.0",
        "started_at": datetime(2026, 8, 3, 10, tzinfo=UTC),
        "seen_s": 3.0,
        "holds_lease": True,
    }
    return usual | values


def ended_pid() -> int:
    """Tell the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, None),
        ({"seen_s": 24.0}, None),
        ({"seen_s": 26.0}, "it says nothing"),
        ({"holds_lease": False}, "its lease has run out"),
        ({"role": "standby", "holds_lease": False}, None),
        ({"role": "standby", "holds_lease": False, "seen_s": 60.0}, "it says nothing"),
        ({"host": socket.gethostname(), "pid": os.getpid()}, None),
        ({"host": socket.gethostname(), "pid": 1}, None),
    ],
)
def test_a_daemon_is_gone_as_soon_as_any_sign_says_so(
    values: dict[str, Any], why: str | None
) -> None:
    """Two missed signs of life; a lease that ran out, of who should hold it."""
    assert why_gone(daemon(**values)) == why


def test_a_process_of_this_machine_that_has_ended_is_known_at_once() -> None:
    """After kill -9, while lease and signs of life are fresh; not of other machines."""
    pid = ended_pid()
    here = daemon(host=socket.gethostname(), pid=pid)
    assert why_gone(here) == "its process has ended"
    assert why_gone(daemon(pid=pid)) is None


def test_it_is_shown_when_each_was_seen() -> None:
    """Who does not answer stands out, with the reason."""
    now = datetime(2026, 8, 3, 12, tzinfo=UTC)
    lives = daemon_line(daemon(), now)
    assert lives.startswith("active, elsewhere pid 7, 0.1.0, since ")
    assert lives.endswith(", last seen 3 s ago")
    assert daemon_line(daemon(holds_lease=False, seen_s=12.0), now) == (
        "NOT ANSWERING, last seen 12 s ago, its lease has run out: active,"
        " elsewhere pid 7"
    )


@pytest.mark.parametrize(("ttl_s", "holds"), [(60.0, True), (0.0, False)])
async def test_the_status_tells_who_holds_the_lease(
    db: Database, ttl_s: float, holds: bool
) -> None:
    """By the database's clock; a standby holds none; a clock ahead of ours is now."""
    owner, other = (PgLeases(db, uuid4()) for _ in range(2))
    assert await owner.take(ttl_s) is not None
    for leases, role in ((owner, "active"), (other, "standby")):
        await leases.seen(host="h", pid=1, version="1", role=role, now=NOW)
    told = (await PgSteering(db).status(NOW))["instances"]
    found = {one["role"]: (one["holds_lease"], one["seen_s"]) for one in told}
    assert found == {"active": (holds, 0.0), "standby": (False, 0.0)}
