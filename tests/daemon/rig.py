"""A small world around the real process: database, SMTP servers, fleet, daemons.

The SMTP servers are processes that log each letter, and bring that log to the disk,
before they answer; what the tests believe is that log, held against the tables. Every
daemon is ``python -m outreachd run``, killed and signalled by its pid. Nothing here
sleeps for a fixed time but to look again at what other processes do. Seconds.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from outreachd.demo.book import read
from outreachd.demo.ports import held_port
from outreachd.demo.referee import Accepted
from outreachd.rules.contact_row import NewContact
from outreachd.rules.model import OnUncertain, Tls
from outreachd.rules.records import LedgerAwayError
from outreachd.rules.wanted import Fleet, WantedCampaign, WantedStep, WrittenCalendar
from outreachd.store import contacts
from outreachd.store.database import Database
from outreachd.store.fleet import apply
from outreachd.store.vault import Vault
from tests import fleets
from tests.daemon.processes import CLOCK, PATIENCE_S, Running, Sink, until

LEASE_S = 3.0  # the shortest that settings allow
BATCH = 1000
ALWAYS = WrittenCalendar(
    days="mon-sun", hours="00:00-24:00", timezone="UTC", holidays=""
)
MANY = 1_000_000


# --- what came of it ----------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """The server's log held against the tables."""

    states: Counter[str]
    letters: int  # accepted by the servers
    lost: list[str]  # enrolled and without a row
    repeated: list[str]  # accepted more than once
    phantom: list[str]  # sent by the tables and never accepted
    denied: list[str]  # accepted, though the tables say that it was not handed over

    @property
    def is_clean(self) -> bool:
        """Whether no law is broken."""
        return not (self.lost or self.repeated or self.phantom or self.denied)

    def __str__(self) -> str:
        return (
            f"{self.letters} letters, lost {len(self.lost)}, repeated "
            f"{len(self.repeated)}, phantom {len(self.phantom)}, denied "
            f"{len(self.denied)}, {dict(self.states)}"
        )


# --- the world ----------------------------------------------------------------------


@dataclass
class World:
    """Everything around the daemons of one test."""

    directory: Path
    dsn: str
    db: Database
    sinks: list[Sink]
    send: dict[str, object]  # of [send] in the settings
    recipients: list[str] = field(default_factory=list)
    daemons: list[Running] = field(default_factory=list)
    fleet: Fleet = field(default_factory=lambda: Fleet({}))
    held: ExitStack = field(default_factory=ExitStack)  # ports, until the end

    # --- making it -------------------------------------------------------------------

    async def furnish(
        self,
        *,
        mailboxes: int = 40,
        letters: int = 0,
        gap_s: float = 0.0,
        rate_per_second: float = 2000.0,
    ) -> None:
        """Apply a fleet whose limits do not limit, and enrol its contacts."""
        (self.directory / "state-a").mkdir(mode=0o700, exist_ok=True)
        things: list[Any] = [fleets.ACME]
        boxes = []
        for at, sink in enumerate(self.sinks):
            domain = f"d{at}.acme.example"
            things.append(self._account(sink, rate_per_second))
            things.append(self._domain(domain, sink))
            boxes += [
                replace(
                    fleets.ANN,
                    address=f"m{n}@{domain}",
                    daily_limit=MANY,
                    hourly_limit=MANY,
                    min_gap_s=gap_s,
                    jitter=0.0,
                    workday_start_min=0,
                    workday_end_min=1440,
                    timezone="UTC",
                )
                for n in range(mailboxes // len(self.sinks))
            ]
        steps = (replace(fleets.FIRST, text="Hi {{ name }}, this is a letter."),)
        campaign = self.campaign(frozenset(box.address for box in boxes), steps)
        await self.apply(fleets.fleet(*things, *boxes, campaign))
        await self.enrol(letters)

    def _account(self, sink: Sink, rate_per_second: float) -> Any:
        return replace(
            fleets.SPARE,
            name=sink.name,
            host="127.0.0.1",
            port=sink.port,
            tls=Tls.NONE,
            rate_per_second=rate_per_second,
            max_connections=60,
        )

    def _domain(self, name: str, sink: Sink) -> Any:
        return replace(
            fleets.DOMAIN,
            name=name,
            accounts=(sink.name,),
            daily_limit=MANY,
            rate_per_minute=100_000.0,
            warmup=None,
        )

    def campaign(
        self, mailboxes: frozenset[str], steps: tuple[WantedStep, ...]
    ) -> WantedCampaign:
        """Make the campaign that all letters belong to."""
        return replace(
            fleets.SPRING,
            calendar=ALWAYS,
            on_uncertain=OnUncertain.HOLD,
            mailboxes=mailboxes,
            steps=steps,
            grounds=None,
            confirmation=None,
        )

    async def apply(self, fleet: Fleet) -> None:
        """Apply a fleet as the command does."""
        self.fleet = fleet
        vault = Vault.unlock(self.directory / "state-a")
        async with self.db.connection() as connection:
            await apply(connection, fleet, vault, now=CLOCK.now(), author="test")

    async def enrol(self, count: int) -> None:
        """Enrol so many new people."""
        first = len(self.recipients)
        names = [f"p{n}" for n in range(first, first + count)]
        self.recipients += [f"{name}@people.example" for name in names]
        async with self.db.connection() as connection:
            target = await contacts.find_target(connection, fleets.SPRING.name)
            assert target
            for at in range(0, count, BATCH):
                rows = [_contact(name) for name in names[at : at + BATCH]]
                await contacts.enrol(connection, target, rows, now=CLOCK.now())

    async def keep_waiting(self, least: int) -> None:
        """Enrol as many again when fewer letters than that wait.

        So that a test which takes its time on a busy machine does not run out of them.
        """
        if (await self.states())["scheduled"] < least:
            await self.enrol(least)

    # --- daemons ---------------------------------------------------------------------

    def start(
        self, name: str = "a", *, env: dict[str, str] | None = None, **more: Any
    ) -> Running:
        """Start a daemon on the state directory of that name."""
        state = self.directory / f"state-{name}"
        control, public = (self.held.enter_context(held_port()) for _ in range(2))
        config = self.directory / f"{name}.toml"
        config.write_text(self._settings(state, control, public))
        log = self.directory / f"{name}.log"
        with log.open("ab") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "outreachd", "run", "--config", str(config)],
                stderr=more.pop("stderr", stderr),
                env=os.environ | (env or {}),
                **more,
            )
        running = Running(
            process,
            log,
            f"http://127.0.0.1:{control}",
            f"http://127.0.0.1:{public}",
            state / "control.token",
        )
        self.daemons.append(running)
        return running

    def _settings(self, state: Path, control: int, public: int) -> str:
        send = "\n".join(f"{k} = {json.dumps(v)}" for k, v in self.send.items())
        return f"""
[database]
dsn = "{self.dsn}"
[state]
directory = "{state}"
[send]
{send}
[checks]
enabled = false
[http.control]
listen = "127.0.0.1:{control}"
[http.public]
listen = "127.0.0.1:{public}"
base_url = "http://127.0.0.1:{public}"
"""

    async def close(self) -> None:
        """End what still runs."""
        for daemon in self.daemons:
            daemon.signal(signal.SIGCONT)
            daemon.kill()
        for sink in self.sinks:
            sink.stop()
        self.held.close()
        await self.db.close(5)

    # --- looking ---------------------------------------------------------------------

    def letters(self) -> list[Accepted]:
        """Read what the servers accepted, by time."""
        found = [letter for sink in self.sinks for letter in read(sink.log)]
        return sorted(found, key=lambda letter: letter.at)

    def octets(self) -> int:
        """Tell how much the servers have logged; it grows with each letter."""
        return sum(s.log.stat().st_size for s in self.sinks if s.log.exists())

    async def until_more(self, limit_s: float = PATIENCE_S) -> float:
        """Wait for one more letter; tell the seconds."""
        before = self.octets()
        return await until(lambda: self.octets() > before, limit_s, "a letter went")

    async def states(self) -> Counter[str]:
        """Count the sends by state."""
        async with self.db.connection() as connection:
            rows = await connection.fetch(
                "SELECT state, count(*) AS n FROM send GROUP BY state"
            )
        return Counter({row["state"]: row["n"] for row in rows})

    async def db_value(self, question: str, *values: object) -> Any:
        """Ask the database for one value."""
        async with self.db.connection() as connection:
            return await connection.fetchval(question, *values)

    async def make_due(self) -> None:
        """Let what waits for a later attempt be due now."""
        await self.db_value("UPDATE send SET due_at = now() WHERE state = 'scheduled'")
        await self.db_value("SELECT pg_notify('outreachd_work', '')")

    async def begun(self) -> set[int]:
        """Tell the sends that dead daemons left begun, once their last words are in."""
        question = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'outreachd'"
        )

        async def are_gone() -> bool:
            return bool(await self.db_value(question) == 0)

        await until(are_gone, PATIENCE_S, "the dead daemon's connections ended")
        return await self._in("sending")

    async def uncertain(self) -> set[int]:
        """Tell the sends whose end nobody knows."""
        return await self._in("uncertain", "held")

    async def _in(self, *states: str) -> set[int]:
        async with self.db.connection() as connection:
            rows = await connection.fetch(
                "SELECT id FROM send WHERE state = ANY ($1)", states
            )
        return {row["id"] for row in rows}

    async def is_done(self) -> bool:
        """Tell whether nothing waits or is under way."""
        try:
            states = await self.states()
        except LedgerAwayError:
            return False
        return not {"scheduled", "leased", "sending"} & states.keys()

    async def until_done(self, limit_s: float = PATIENCE_S) -> float:
        """Wait until nothing waits or is under way; tell the seconds."""
        try:
            return await until(self.is_done, limit_s, "all was sent")
        except AssertionError as error:
            error.add_note(f"open: {await self._open()}")
            raise

    async def _open(self) -> list[tuple[Any, ...]]:
        async with self.db.connection() as connection:
            rows = await connection.fetch(
                "SELECT state, reason, min(due_at), max(due_at), count(*) FROM send"
                " WHERE state <> 'sent' GROUP BY 1, 2"
            )
        return [tuple(map(str, row)) for row in rows]

    async def finding(self) -> Finding:
        """Hold the servers' log against the tables."""
        async with self.db.connection() as connection:
            rows = await connection.fetch(
                "SELECT email, state FROM send JOIN contact c ON c.id = contact_id"
            )
        state = {row["email"]: row["state"] for row in rows}
        got = Counter(letter.recipient for letter in self.letters())
        return Finding(
            states=Counter(state.values()),
            letters=got.total(),
            lost=sorted(set(self.recipients) - state.keys()),
            repeated=[who for who, n in got.items() if n > 1],
            phantom=[w for w, s in state.items() if s == "sent" and not got[w]],
            denied=[w for w in got if state.get(w) not in ("sent", *OPEN)],
        )


# What may or may not have arrived.
OPEN: Sequence[str] = ("sending", "uncertain", "held")


def _contact(name: str) -> NewContact:
    return NewContact(
        line=1,
        email=f"{name}@people.example",
        timezone="",
        variables={"name": name},
        consent_basis="asked",
        consent_source=None,
        consent_at=None,
    )


@asynccontextmanager
async def world(
    directory: Path, dsn: str, *, slow_ms: Sequence[float] = (0.0,), **send: object
) -> AsyncIterator[World]:
    """Make a world with an SMTP server for each ``slow_ms``, and end all of it."""
    settings: dict[str, object] = {"lease_s": LEASE_S, "max_in_flight": 40} | send
    sinks = [
        Sink.start(directory / f"relay{at}.log", slow)
        for at, slow in enumerate(slow_ms)
    ]
    db = await Database.open(dsn, application_name="test")
    made = World(directory, dsn, db, sinks, settings)
    try:
        yield made
    finally:
        await made.close()
