"""What a log line may hold, and that nobody ever waits for one."""

from __future__ import annotations

import io
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from outreachd.logs import LogOutput, configure

Lines = Callable[[], list[dict[str, Any]]]


class Log:
    """A log into memory; ``lines()`` ends it and reads it."""

    def __init__(self) -> None:
        self.stream = io.BytesIO()
        self.dropped = 0
        self._end: Callable[[], None] = lambda: None

    def start(self, level: Any = "info", form: Any = "json") -> Any:
        """Configure and give a logger."""
        self._end = configure(level, form, self._drop, self.stream)
        return structlog.get_logger()

    def text(self) -> str:
        """End the log and read all of it."""
        self._end()
        return self.stream.getvalue().decode()

    def lines(self) -> list[dict[str, Any]]:
        """End the log and read its JSON."""
        return [json.loads(line) for line in self.text().splitlines()]

    def _drop(self) -> None:
        self.dropped += 1


@pytest.fixture
def log() -> Iterator[Log]:
    """Make a log that is ended whatever happens."""
    log = Log()
    yield log
    log.text()


def test_an_event_is_one_line_of_json(log: Log) -> None:
    """Time, level and name come first, the fields as they are; filtered is nothing."""
    logger = log.start()
    logger.debug("send.opened")
    logger.info("send.delivered", account="relay", attempts=2, seconds=0.5)
    (line,) = log.lines()
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert line["event"] == "send.delivered"
    assert (line["account"], line["attempts"], line["seconds"]) == ("relay", 2, 0.5)


def test_secrets_are_masked_at_any_depth(log: Log) -> None:
    """S17: the name of a key hides its value, also within lists of dicts."""
    canary = "hunter2-canary"
    log.start().error(
        "account.refused",
        password=canary,
        settings=[{"http": {"Authorization": canary, "api_key": {"x": canary}}}],
        dsn=f"postgresql://me:{canary}@db/x",
        text=f"cannot reach postgresql://me:{canary}@db/x",
        raw=canary.encode(),
    )
    text = log.text()
    assert canary not in text
    assert text.count("***") == 5
    assert "<14 bytes>" in text


@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_addresses_stay_out_of_the_log(log: Log, level: str) -> None:
    """At info and above the person is masked, the domain and Message-IDs stay."""
    reply = "550 5.1.1 <ann.lee@mail.acme.example>: unknown"
    getattr(log.start(), level)("send.failed", reply=reply, message_id="<1.2@a.b>")
    (line,) = log.lines()
    assert line["reply"] == "550 5.1.1 <***@mail.acme.example>: unknown"
    assert line["message_id"] == "<1.2@a.b>"


def test_debug_shows_addresses(log: Log) -> None:
    """Who debugs asked for it."""
    log.start("debug").debug("send.opened", to="ann@acme.example")
    assert log.lines()[0]["to"] == "ann@acme.example"


def test_a_reply_is_cut(log: Log) -> None:
    """S18: a server cannot fill the disk with one reply."""
    log.start().info("send.failed", reply="x" * 100_000)
    assert len(log.lines()[0]["reply"]) == 512


@given(text=st.text(), form=st.sampled_from(["json", "console"]))
def test_no_text_makes_a_second_line(text: str, form: str) -> None:
    """S18: whatever a server says stays within its line and gives no orders."""
    log = Log()
    log.start(form=form).info("send.failed", reply=text, **{"a b": text})
    written = log.text()
    assert written.count("\n") == 1
    assert written[:-1].isprintable()


def test_surrogates_and_odd_values_are_written(log: Log) -> None:
    """What aiosmtplib makes of a bad octet is escaped, not refused."""
    deep: list[object] = []
    for _ in range(20):
        deep = [deep]
    log.start().info("send.failed", reply="caf\udce9 \x00", odd=object, deep=deep)
    (line,) = log.lines()
    assert line["reply"] == r"caf\udce9 \x00"
    assert "object" in line["odd"]


def test_logging_never_raises(log: Log) -> None:
    """A value that cannot be shown costs its line, not the send."""

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no")

    log.start().info("send.failed", value=Broken())
    (line,) = log.lines()
    assert line == {
        "event": "log.broken",
        "of": "'send.failed'",
        "error": "RuntimeError",
    }


def test_a_traceback_is_part_of_its_event(log: Log) -> None:
    """The fault is in the same line; people see it indented below."""
    logger = log.start(form="console")
    try:
        raise ValueError("bad thing")
    except ValueError:
        logger.exception("http.fault", path="/v1")
    first, *rest = log.text().splitlines()
    assert first.endswith("http.fault path=/v1")
    assert all(line.startswith("    ") for line in rest)
    assert rest[-1] == "    ValueError: bad thing"


def test_what_libraries_say_is_logged_the_same_way(log: Log) -> None:
    """A task that failed unseen is reported by asyncio's own logger."""
    log.start()
    logging.getLogger("asyncio").error("Task exception was never %s", "retrieved")
    logging.getLogger("asyncio").info("not this")
    (line,) = log.lines()
    assert line["event"] == "library.message"
    assert (line["level"], line["logger"]) == ("error", "asyncio")
    assert line["text"] == "Task exception was never retrieved"


class Stalled(io.RawIOBase):
    """A pipe whose reader stopped, until it is let go."""

    def __init__(self) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        self.lines: list[bytes] = []

    def write(self, data: Any) -> int:
        """Take one line, after permission."""
        self.reached.set()
        self.go.wait()
        self.lines.append(bytes(data))
        return len(data)


def test_a_stalled_reader_costs_lines_not_time() -> None:
    """Process 66: when stdout is full, lines are dropped and counted, then told."""
    dropped: list[int] = []
    stream: Any = Stalled()
    output = LogOutput(stream, lambda: dropped.append(1), limit=2)
    output.put(b"first")
    stream.reached.wait()
    for n in range(5):
        output.put(str(n).encode())
    assert len(dropped) == 3
    stream.go.set()
    output.close()
    assert stream.lines[0] == b"first\n"
    assert b'{"event":"log.dropped","lines":3}\n' in stream.lines


def test_a_pipe_that_takes_little_gets_all() -> None:
    """A non-blocking pipe is waited for by the thread, not given up or spun on."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    stream = io.FileIO(writer, "w")
    output = LogOutput(stream, lambda: None)
    output.put(b"x" * 200_000)
    with io.FileIO(reader) as raw, io.BufferedReader(raw) as pipe:
        assert pipe.read(200_001) == b"x" * 200_000 + b"\n"
    output.close()
    stream.close()


def test_a_reader_that_left_is_no_fault() -> None:
    """A broken pipe drops lines, and the thread lives on."""
    reader, writer = os.pipe()
    os.close(reader)
    dropped: list[int] = []
    with io.FileIO(writer, "w") as stream:
        output = LogOutput(stream, lambda: dropped.append(1))
        output.put(b"one")
        output.put(b"two")
        output.close()
    assert len(dropped) == 2
