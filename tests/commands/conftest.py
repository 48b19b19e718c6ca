"""A settings file, a small fleet with people to write to, and a daemon that answers."""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from outreachd.__main__ import main
from outreachd.clock import RealClock
from outreachd.demo.ports import held_port
from outreachd.fleet.load import load
from outreachd.listen import TcpListen
from outreachd.rules.model import Kind
from outreachd.store.database import Database
from outreachd.store.fleet import apply
from outreachd.store.steering import NoSuchError
from outreachd.store.vault import Vault
from outreachd.telemetry import Metrics
from outreachd.web.control import control_app
from outreachd.web.server import listen

TOKEN = "the-token-of-the-tests"

FLEET = """
[[client]]
name = "acme"
postal_address = "Acme GmbH, Hauptstr. 1, 10115 Berlin"

[[account]]
name = "relay"
kind = "smtp"
host = "127.0.0.1"
port = 2525
tls = "none"

[[domain]]
name = "mail.acme.example"
accounts = ["relay"]
daily_limit = 3
warmup = false

[[mailbox]]
address = "ann@mail.acme.example"
name = "Ann Lee"
workday = "00:00-24:00"
min_gap_s = 1
jitter = 0
warmup = false

[[campaign]]
name = "spring"
client = "acme"
direction = "sales"
pool = { domains = ["mail.acme.example"] }
calendar = { days = "mon-sun", hours = "00:00-24:00", timezone = "UTC" }

[[campaign.step]]
subject = "Hello"
text = "Hi"
"""

PUT_SENDS = """
WITH people AS (
    INSERT INTO contact (client_id, email, consent_basis)
    SELECT c.client_id, 'p' || n || '@people.example', 'asked'
    FROM campaign c, generate_series(1, $2::int) n WHERE c.name = $1
    RETURNING id, email
), enrolled AS (
    INSERT INTO enrolment (campaign_id, contact_id)
    SELECT c.id, p.id FROM campaign c, people p WHERE c.name = $1
    RETURNING id, campaign_id, contact_id
), queued AS (
    INSERT INTO queue SELECT id, '' FROM campaign WHERE name = $1
)
INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, due_at,
    first_due_at, changed_at, state, reason)
SELECT e.campaign_id, 1, e.contact_id, e.id, $4, $4, $4, $3, $5
FROM enrolled e JOIN people p ON p.id = e.contact_id
ORDER BY length(p.email), p.email
RETURNING id
"""

PutSends = Callable[..., Awaitable[list[int]]]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Give a state directory with the control token in it."""
    directory = tmp_path / "state"
    directory.mkdir(mode=0o700)
    (directory / "control.token").touch(mode=0o600)
    (directory / "control.token").write_text(TOKEN + "\n")
    return directory


@pytest.fixture
def port() -> Iterator[int]:
    """Give a port that nobody listens on."""
    with held_port() as number:
        yield number


@pytest.fixture
def config(tmp_path: Path, state: Path, database_url: str, port: int) -> Path:
    """Write a settings file for the test's own database."""
    file = tmp_path / "outreachd.toml"
    file.write_text(
        f'[database]\ndsn = "{database_url}"\n[state]\ndirectory = "{state}"\n'
        f'[http.control]\nlisten = "127.0.0.1:{port}"\n'
        '[http.public]\nbase_url = "https://out.example.org"\n'
    )
    return file


@pytest_asyncio.fixture
async def fleet(db: Database, tmp_path: Path, state: Path) -> None:
    """Apply the small fleet."""
    file = tmp_path / "fleet.toml"
    file.write_text(FLEET)
    async with db.connection() as connection:
        vault = Vault.unlock(state)
        now = RealClock().now()
        await apply(connection, load(file), vault, now=now, author="test")


@pytest.fixture
def put_sends(db: Database, fleet: None) -> PutSends:
    """Give a maker of sends to p1@people.example, p2@people.example, ..."""

    async def put(
        n: int,
        *,
        state: str = "scheduled",
        reason: str | None = None,
        due_at: datetime | None = None,
        campaign: str = "spring",
    ) -> list[int]:
        due_at = due_at or RealClock().now()
        async with db.connection() as connection:
            rows = await connection.fetch(PUT_SENDS, campaign, n, state, due_at, reason)
        return [row["id"] for row in rows]

    return put


@pytest.fixture
def call() -> Callable[..., Result]:
    """Give the command line, called in this process; for tests that are not async."""

    def run(*words: str | Path, **options: Any) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words], **options)

    return run


@dataclass
class Helm:
    """What a running daemon would be asked and told; it writes everything down."""

    orders: list[tuple[object, ...]] = field(default_factory=list)
    explained: Mapping[str, Any] | None = None
    is_ready: tuple[bool, str] = (True, "active")
    told: Mapping[str, Any] = field(default_factory=lambda: {"role": "standby"})

    async def status(self) -> Mapping[str, Any]:
        """Tell what the test wants."""
        return self.told

    async def ready(self) -> tuple[bool, str]:
        """Tell what the test wants."""
        return self.is_ready

    async def list(self, kind: Kind) -> Sequence[Mapping[str, Any]]:
        """Tell nothing."""
        return []

    async def pause(
        self, kind: Kind, name: str, reason: str, until: datetime | None, author: str
    ) -> None:
        """Write the order down."""
        if name == "nobody":
            raise NoSuchError(f"there is no {kind.value} 'nobody' in the fleet")
        self.orders.append(("pause", kind, name, reason, until))

    async def resume(self, kind: Kind, name: str, author: str) -> None:
        """Write the order down."""
        if name == "nobody":
            raise NoSuchError(f"there is no {kind.value} 'nobody' in the fleet")
        self.orders.append(("resume", kind, name))

    async def send(self, id: int) -> Mapping[str, Any] | None:
        """Know no send."""
        return None

    async def explain(self, id: int) -> Mapping[str, Any] | None:
        """Tell what the test wants."""
        return self.explained

    async def drain(self) -> None:
        """Go on."""


@pytest_asyncio.fixture
async def helm(port: int) -> AsyncIterator[Helm]:
    """Let a daemon answer where the settings say."""
    steering = Helm()
    app = control_app(steering, Metrics(), RealClock(), TOKEN)
    listener = await listen(app, TcpListen("127.0.0.1", port), setting="test")
    yield steering
    await listener.close()
