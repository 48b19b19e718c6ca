"""What the real process owes its host: systemd, metrics, logs, descriptors."""

from __future__ import annotations

import os
import resource
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from outreachd.rules.model import Kind
from outreachd.rules.wanted import Fleet, WantedAccount
from tests.daemon.processes import CLOCK, PATIENCE_S, Running, until
from tests.daemon.rig import World, world
from tests.wire.server import Act, ScriptedServer

METRICS = {  # the contract with dashboards: names and labels
    "outreachd_sends_total": {"client", "direction", "account", "outcome"},
    "outreachd_notices_total": {"kind"},
    "outreachd_due": set(),
    "outreachd_oldest_due_seconds": set(),
    "outreachd_send_seconds": set(),
    "outreachd_claim_seconds": set(),
    "outreachd_in_flight": set(),
    "outreachd_mailboxes": {"health"},
    "outreachd_domains": {"health"},
    "outreachd_accounts": {"health"},
    "outreachd_uncertain": set(),
    "outreachd_held": {"reason"},
    "outreachd_loop_lag_seconds": set(),
    "outreachd_db_up": set(),
}
SENT = 'account="relay0",client="acme",direction="sales",outcome="sent"'


@pytest.fixture
def notices(tmp_path: Path) -> Iterator[socket.socket]:
    """Listen where systemd would."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


async def test_systemd_is_told(
    tmp_path: Path, database_url: str, notices: socket.socket
) -> None:
    """READY when all is open, WATCHDOG while the loop lives, STOPPING at SIGTERM."""
    heard: list[str] = []

    def has_heard(word: str, times: int = 1) -> bool:
        while True:
            try:
                heard.extend(notices.recv(4096).decode().split("\n"))
            except BlockingIOError:
                return heard.count(word) >= times

    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
    async with world(tmp_path, database_url, slow_ms=[3000.0]) as w:
        await w.furnish(mailboxes=2, letters=50)
        daemon = w.start(env=environment)
        await until(lambda: has_heard("READY=1"), PATIENCE_S, "READY")
        assert await daemon.status_of("/readyz") == 200
        await until(  # all the while read: a full socket takes no more words
            lambda: has_heard("WATCHDOG=1", 5) and w.octets() > 0,
            PATIENCE_S,
            "five WATCHDOGs and a letter",
        )
        daemon.signal(signal.SIGTERM)
        await until(lambda: has_heard("STOPPING=1"), PATIENCE_S, "STOPPING")
        assert daemon.process.poll() is None, "told after the last letter"
        assert await daemon.ended() == 0
    assert heard[0] == "READY=1", heard


async def test_metrics_bear_the_names_that_were_promised(
    tmp_path: Path, database_url: str
) -> None:
    """Dashboards find each name and label, with the token; no address, no id."""
    async with world(tmp_path, database_url) as w:
        await w.furnish(mailboxes=10, letters=50)
        daemon = w.start()
        await w.until_done()
        text = ""

        async def are_counted() -> bool:  # right after they are recorded
            nonlocal text
            text = await metrics(daemon)
            return f"outreachd_sends_total{{{SENT}}} 50.0\n" in text

        await until(are_counted, PATIENCE_S, "fifty letters were counted")
        assert await daemon.status_of("/metrics") == 401
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert METRICS.keys() <= names, METRICS.keys() - names
    sent = [x for x in text.splitlines() if x.startswith("outreachd_sends_total{")]
    assert sent == [f"outreachd_sends_total{{{SENT}}} 50.0"]
    assert "@" not in text


async def metrics(daemon: Running) -> str:
    """Read /metrics as Prometheus does."""
    token = daemon.token_file.read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{daemon.control}/metrics") as got:
            assert got.status == 200
            return await got.text()


async def test_no_secret_is_ever_logged(tmp_path: Path, database_url: str) -> None:
    """S17: no password or token, not even at debug or in faults, and no address."""
    dsn = database_url.replace("postgres@", "postgres:dsn-canary@")
    async with ScriptedServer() as server:
        server.on("AUTH", Act(b"535 5.7.8 no"))
        async with world(tmp_path, dsn) as w:
            await w.furnish(mailboxes=4, letters=20)
            await w.apply(with_login(w.fleet, server.port))
            daemon = w.start(env={"OUTREACHD_LOG__LEVEL": "debug"})
            await server.wait_for("AUTH")
            await w.db_value(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'outreachd' AND datname = current_database()"
            )
            await daemon.until_said("sender.set_back")
            assert await daemon.ask("GET", "/v1/status", token="forged-canary")
            assert await daemon.terminated() == 0
            log = daemon.log.read_text()
            token = daemon.token_file.read_text().strip()
            key = (tmp_path / "state-a" / "secret.key").read_text().strip()
    for secret in ("dsn-canary", "smtp-canary", token, key, "forged-canary"):
        assert secret not in log
    info = [x for x in log.splitlines() if '"level":"debug"' not in x]
    assert not [line for line in info if "people.example" in line]


def with_login(fleet: Fleet, port: int) -> Fleet:
    """Let the account need a password, at another server."""
    things = {kind: dict(named) for kind, named in fleet.things.items()}
    for name, account in things[Kind.ACCOUNT].items():
        assert isinstance(account, WantedAccount)
        things[Kind.ACCOUNT][name] = replace(
            account, port=port, username="acme", password="smtp-canary"
        )
    return Fleet(things)


async def test_a_full_pipe_of_logs_stops_nobody(
    tmp_path: Path, database_url: str
) -> None:
    """Process 66: nobody reads what it logs; letters go on and it still ends."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    async with world(tmp_path, database_url) as w:
        await w.furnish(mailboxes=20, letters=500)
        daemon = w.start(stderr=writing, env={"OUTREACHD_LOG__LEVEL": "debug"})
        await w.until_done()
        assert await daemon.status_of("/healthz") == 200
        assert await daemon.terminated() == 0
        finding = await w.finding()
    os.close(reading)
    os.close(writing)
    assert finding.is_clean, str(finding)
    assert finding.states == {"sent": 500}, str(finding)


async def is_all_sent(w: World) -> bool:
    """Tell whether nothing waits; what was set back for later is due now."""
    await w.make_due()
    return await w.is_done()


async def test_too_few_descriptors_are_survived(
    tmp_path: Path, database_url: str
) -> None:
    """Process 67: what needs one waits its turn; with more of them all of it goes."""
    async with world(tmp_path, database_url, slow_ms=[200.0]) as w:
        await w.furnish(mailboxes=40, letters=800)
        daemon = w.start()
        await w.until_more()  # it has what one letter needs; now it wants it for many
        pid = daemon.process.pid
        held = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (held + 3, limits[1]))
        await w.until_more()
        await CLOCK.sleep(1.0)
        assert daemon.process.poll() is None
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        await until(lambda: is_all_sent(w), PATIENCE_S, "all was sent")
        assert await daemon.terminated() == 0
        finding = await w.finding()
    assert finding.is_clean, str(finding)
    assert finding.states.keys() == {"sent"}, str(finding)
