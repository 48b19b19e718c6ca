"""The laws of asking a daemon: who is believed, and who counts as nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from outreachd.clock import RealClock
from outreachd.commands.base import FailedError, MisusedError
from outreachd.commands.client import ask, path_of, readiness, token_file
from outreachd.config import Settings
from outreachd.config_file import load
from outreachd.listen import UnixListen
from outreachd.rules.model import Kind
from outreachd.telemetry import Metrics
from outreachd.web.control import control_app
from outreachd.web.server import listen
from tests.commands.conftest import TOKEN, Helm

ANSWER = {"role": "standby"}  # of the helm that stands in
Say = Callable[[bytes], "Awaitable[None]"]


@pytest.fixture
def settings(tmp_path: Path, state: Path, port: int) -> Settings:
    """Give settings that name where a daemon would listen."""
    file = tmp_path / "outreachd.toml"
    file.write_text(
        f'[state]\ndirectory = "{state}"\n[http.control]\nlisten = "127.0.0.1:{port}"\n'
    )
    return load(file)


@asynccontextmanager
async def somebody(port: int, says: bytes) -> AsyncIterator[None]:
    """Let another program listen there and say the same to everybody."""

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(says)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    yield
    server.close()
    await server.wait_closed()


async def test_a_daemon_of_ours_answers(settings: Settings, helm: Helm) -> None:
    """With the token of the state directory its answers are ours."""
    assert await ask(settings, "/v1/status") == ANSWER
    assert await readiness(settings) == (True, "active")
    helm.is_ready = (False, "the database is away")
    assert await readiness(settings) == (False, "the database is away")


async def test_of_several_tokens_the_first_is_shown(
    settings: Settings, helm: Helm, state: Path
) -> None:
    """Whoever's it is: the line may have a name and a role."""
    (state / "control.token").write_text(f"ann operator {TOKEN}\nben viewer other\n")
    assert await ask(settings, "/v1/status") == ANSWER


async def test_a_unix_socket_is_asked_as_well(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the listener is a socket file, so is the way to it."""
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    file = Path("outreachd.toml")
    file.write_text(
        f'[state]\ndirectory = "{state}"\n[http.control]\nlisten = "unix:c.sock"\n'
    )
    app = control_app(Helm(), Metrics(), RealClock(), TOKEN)
    listener = await listen(app, UnixListen(Path("c.sock")), setting="test")
    settings = load(file)
    control = settings.http.control.model_copy(
        update={"listen": UnixListen(Path("c.sock"))}
    )
    http = settings.http.model_copy(update={"control": control})
    settings = settings.model_copy(update={"http": http})
    assert await ask(settings, "/v1/status") == ANSWER
    assert await readiness(settings) == (True, "active")
    await listener.close()
    assert await ask(settings, "/v1/status") is None


async def test_nobody_is_nobody(settings: Settings) -> None:
    """Where nothing listens, or no daemon has ever run, the database is asked."""
    assert await ask(settings, "/v1/status") is None
    assert await readiness(settings) is None
    token_file(settings).unlink()
    assert await ask(settings, "/v1/status") is None


async def test_a_stranger_is_not_believed(
    settings: Settings, helm: Helm, capsys: pytest.CaptureFixture[str]
) -> None:
    """A daemon that does not know our token is somebody else's: it is said so."""
    token_file(settings).write_text("another")
    assert await ask(settings, "/v1/status") is None
    told = capsys.readouterr().err
    assert "does not know the token" in told
    assert "another" not in told


async def test_an_unreadable_token_is_told(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who may not read the token learns why the daemon was not asked."""
    token_file(settings).unlink()
    token_file(settings).mkdir()
    assert await ask(settings, "/v1/status") is None
    assert "cannot be read (IsADirectoryError)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "says",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
)
async def test_another_program_is_nobody(
    settings: Settings, port: int, says: bytes
) -> None:
    """Whatever it says, a program that is no daemon of ours is not believed."""
    async with somebody(port, says):
        assert await ask(settings, "/v1/status") is None
        assert await readiness(settings) is None


async def test_a_refusal_is_told_with_every_mistake(
    settings: Settings, helm: Helm
) -> None:
    """The daemon's words become one sentence."""
    path = path_of(Kind.CLIENT, "acme", "pause")
    with pytest.raises(FailedError, match=r"^the body is not right: reason: .*\.$"):
        await ask(settings, path, {"reason": ""})
    with pytest.raises(MisusedError, match="there is no client 'nobody'"):
        await ask(settings, path_of(Kind.CLIENT, "nobody", "pause"), {"reason": "x"})


def test_names_are_quoted() -> None:
    """No name reaches beyond its place in the path."""
    assert path_of(Kind.MAILBOX, "a/../b?c@d", "pause") == (
        "/v1/mailboxes/a%2F..%2Fb%3Fc%40d/pause"
    )
