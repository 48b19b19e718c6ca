"""What all rooms' tests share: uvloop, and a real PostgreSQL with a fresh database.

One embedded server per test process, gone with it. The schema is migrated once into a
template; each test gets its own copy of that, so that tests never see each other.
Properties are tried on the same examples each time and without a limit of time, so
that a busy machine fails none; ``--hypothesis-profile explore`` tries new ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
import uvloop
from hypothesis import HealthCheck, settings

from outreachd.clock import RealClock
from outreachd.store.database import Database
from outreachd.store.embedded import EmbeddedServer
from outreachd.store.migrate import migrate

TEMPLATE = "template_outreachd"

settings.register_profile(
    "house",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("explore", settings.get_profile("house"), derandomize=False)
settings.load_profile("house")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run async tests on the loop that the daemon runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def pg_server() -> Iterator[EmbeddedServer]:
    """Start the server of this test process; its data are not durable."""
    server = EmbeddedServer.temporary()
    yield server
    server.stop()


@pytest_asyncio.fixture(scope="session")
async def pg_admin(pg_server: EmbeddedServer) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Keep one connection that makes and drops databases; the template is migrated."""
    admin = await asyncpg.connect(pg_server.dsn("postgres"))
    await admin.execute(f"CREATE DATABASE {TEMPLATE}")
    connection = await asyncpg.connect(pg_server.dsn(TEMPLATE))
    await migrate(connection, RealClock())
    await connection.close()
    yield admin
    await admin.close()


@pytest_asyncio.fixture
async def database_url(
    pg_server: EmbeddedServer, pg_admin: asyncpg.Connection[Any]
) -> AsyncIterator[str]:
    """Give the DSN of a migrated, empty database of this test's own."""
    name = f"t{uuid4().hex}"
    # file_copy: 45 ms instead of 75 for so small a database; PostgreSQL 15 knows it.
    copy = " STRATEGY file_copy" if pg_admin.get_server_version().major >= 15 else ""
    await pg_admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}{copy}")
    yield pg_server.dsn(name)
    await pg_admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """Give an open pool on the test's database."""
    database = await Database.open(database_url)
    yield database
    await database.close(5)
