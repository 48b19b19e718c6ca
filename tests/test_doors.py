"""The laws of the two doors: what is offered where, and to whom."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import ClientSession, UnixConnector

from outreachd.clock import RealClock
from outreachd.config import Control, Http, Public, Settings, State
from outreachd.doors import Doors
from outreachd.rules.suppression import Eraser
from outreachd.store.database import Database
from outreachd.telemetry import Metrics
from tests.helms import standby

TOKEN = "right token of some length"
BESIDE_STEERING = ("holds", "health", "report", "suppressions")


async def opened(
    stack: AsyncExitStack, db: Database, home: Path, public: Path | None = None
) -> None:
    """Open the doors, the control listener at ``home``/c.sock."""
    listen = {"listen": f"unix:{public}"} if public else {}
    url = {"base_url": "https://out.example"}
    settings = Settings(
        state=State(directory=home),
        http=Http(
            control=Control.model_validate({"listen": f"unix:{home}/c.sock"}),
            public=Public.model_validate(url | listen),
        ),
    )
    clock = RealClock()
    doors = Doors(
        settings=settings,
        database=db,
        clock=clock,
        house=clock,
        metrics=Metrics(),
        eraser=Eraser([b"k" * 32]),
        token=TOKEN,
    )
    await doors.open(stack, standby(db, []))


@pytest.mark.parametrize("name", BESIDE_STEERING)
async def test_the_control_door_offers_all_there_is(
    db: Database, tmp_path: Path, name: str
) -> None:
    """To whom has the token, and to nobody else."""
    async with AsyncExitStack() as stack:
        await opened(stack, db, tmp_path)
        way = UnixConnector(str(tmp_path / "c.sock"))
        session = await stack.enter_async_context(
            ClientSession("http://localhost", connector=way)
        )
        for token, status in ((TOKEN, 200), ("wrong", 401)):
            headers = {"Authorization": f"Bearer {token}"}
            async with session.get(f"/v1/{name}", headers=headers) as answer:
                assert answer.status == status


@pytest.mark.parametrize("is_set", [True, False])
async def test_the_public_door_opens_where_it_is_set(
    db: Database, tmp_path: Path, is_set: bool
) -> None:
    """A listener of its own, or none; both close with the stack."""
    socket = tmp_path / "public.sock"
    async with AsyncExitStack() as stack:
        await opened(stack, db, tmp_path, socket if is_set else None)
        assert socket.exists() == is_set
    assert not socket.exists()
