"""Set up logging: one line per event, to a stream nobody has to wait for.

Lines go through a bounded queue to a thread of their own; when nobody takes them (a
stalled pipe) they are dropped and counted, and the loop never waits. Secrets are masked
by the name of their key at any depth, addresses in everything above debug, controls are
escaped, texts are cut to 512 characters. Logging never raises: a line that cannot be
rendered becomes a ``log.broken`` line. ``log_events.EVENTS`` lists all events.
Source: structlog documentation, "Performance".
"""

from __future__ import annotations

import io
import json
import logging
import re
import select
import sys
import threading
from collections.abc import Callable, Mapping, MutableMapping
from queue import SimpleQueue
from typing import Any, Literal

import msgspec
import structlog
from structlog.processors import TimeStamper, format_exc_info
from structlog.typing import WrappedLogger

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["json", "console"]
Event = MutableMapping[str, Any]
Stream = io.RawIOBase | io.BytesIO  # unbuffered

MAX_TEXT = 512  # characters; a server's reply or a value somebody sent
MAX_TRACE = 8192  # characters; the end of a traceback tells most
MAX_DEPTH = 6  # of values within values
QUEUE_LINES = 10_000
CLOSE_S = 2.0  # how long a stalled stream may hold up our end

_SECRET_KEY = re.compile(
    r"passw|passphrase|secret|token|authorization|cookie|credential|private|api_?key"
    r"|\bdsn\b",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@\s]+@")
ADDRESS = re.compile(r"[^\s<>()\[\]{},;:\"'=@]+@(?=[\w.-]*\w)")
_PLAIN = re.compile(r"[\w.:/@+*-]+")


class LogOutput:
    """Where lines go. ``put`` never blocks; ``close`` waits two seconds at most."""

    def __init__(
        self,
        stream: Stream,
        on_drop: Callable[[], None],
        *,
        limit: int = QUEUE_LINES,
    ) -> None:
        self._stream, self._on_drop, self._limit = stream, on_drop, limit
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._lost = self._told = 0  # dropped lines; of these, reported ones
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Hand a line to the thread, or drop it when too many wait."""
        if self._queue.qsize() >= self._limit:
            self._lost += 1
            self._on_drop()
        else:
            self._queue.put(line)

    # structlog calls the method named after the level.
    debug = info = warning = error = critical = put

    def close(self) -> None:
        """Write what waits; a stream that stalls is left behind."""
        self._queue.put(None)
        self._thread.join(CLOSE_S)

    def _write_all(self) -> None:
        while (line := self._queue.get()) is not None:
            self._write(line)
            if lost := self._lost - self._told:
                self._told += lost
                self._write(_json({"event": "log.dropped", "lines": lost}))

    def _write(self, line: bytes) -> None:
        rest = memoryview(line + b"\n")
        try:
            while rest:
                taken = self._stream.write(rest)
                if taken is None:  # somebody made the pipe non-blocking
                    select.select([], [self._stream], [])
                rest = rest[taken or 0 :]
        except (OSError, ValueError):  # the reader is gone: nobody to tell
            self._on_drop()


class _Bridge(logging.Handler):
    """Passes on what libraries log by the standard way."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        say = log.error if record.levelno >= logging.ERROR else log.warning
        say(
            "library.message",
            logger=record.name,
            text=record.getMessage(),
            exc_info=record.exc_info,
        )


def configure(
    level: Level,
    form: Format,
    on_drop: Callable[[], None],
    stream: Stream | None = None,
) -> Callable[[], None]:
    """Start logging to ``stream`` (standard error); the answer ends it.

    The stream is unbuffered, so that a thread which waits for it holds no lock that
    the end of the process needs.
    """
    output = LogOutput(stream or _standard_error(), on_drop)
    structlog.configure(
        processors=[_Renderer(form)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: output,
        cache_logger_on_first_use=False,
    )
    root, bridge = logging.getLogger(), _Bridge(logging.WARNING)
    root.addHandler(bridge)

    def end() -> None:
        root.removeHandler(bridge)
        structlog.reset_defaults()
        output.close()

    return end


class _Renderer:
    """The one processor: stamp, mask and render, whatever is in the event."""

    def __init__(self, form: Format) -> None:
        self._stamp = TimeStamper(fmt="iso", utc=True)
        self._render = _json if form == "json" else _for_people

    def __call__(self, logger: WrappedLogger, method: str, event: Event) -> bytes:
        name = event.get("event")
        try:
            event = self._stamp(logger, method, format_exc_info(logger, method, event))
            head = {"timestamp": event.pop("timestamp"), "level": method}
            return self._render(head | _clean_event(event, open_=method == "debug"))
        except Exception as error:  # noqa: BLE001 - logging never fails a send
            kind = type(error).__name__
            return _json({"event": "log.broken", "of": repr(name)[:80], "error": kind})


def _clean_event(event: Event, *, open_: bool) -> dict[str, Any]:
    """Put the event's name first; ``open_`` lets addresses through."""
    trace = event.pop("exception", None)
    cleaned: dict[str, Any] = {"event": _text(str(event.pop("event")), open_)}
    for key, value in event.items():
        # A Message-ID looks like an address and is none.
        shown = open_ or key == "message_id"
        cleaned[key] = _clean(key, value, shown, MAX_DEPTH)
    if trace is not None:
        cleaned["exception"] = _text(str(trace)[-MAX_TRACE:], open_, MAX_TRACE)
    return cleaned


def _clean(key: str, value: object, open_: bool, depth: int) -> object:
    if _SECRET_KEY.search(key):
        return "***"
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth == 0:
        return "..."
    if isinstance(value, Mapping):
        inner = {str(k): v for k, v in value.items()}
        return {k: _clean(k, v, open_, depth - 1) for k, v in inner.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(key, item, open_, depth - 1) for item in value]
    if isinstance(value, bytes | bytearray):
        return f"<{len(value)} bytes>"
    return _text(str(value), open_)


def _text(text: str, open_: bool, limit: int = MAX_TEXT) -> str:
    text = text[:limit]
    if "@" in text:
        text = _URL_PASSWORD.sub(r"\1***@", text)
        text = text if open_ else ADDRESS.sub("***@", text)
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(char: str) -> str:
    """Escape what a terminal may obey and a surrogate that no encoding takes."""
    if char.isprintable() or char in "\n\t":  # JSON escapes these two
        return char
    return char.encode("unicode_escape").decode()


def _json(event: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(event)


def _for_people(event: Mapping[str, Any]) -> bytes:
    fields = dict(event)
    trace = str(fields.pop("exception", ""))
    parts = [str(fields.pop("timestamp"))[:19], f"{fields.pop('level'):<7}"]
    parts.append(json.dumps(fields.pop("event"), ensure_ascii=False).strip('"'))
    parts += [f"{key}={_word(value)}" for key, value in fields.items()]
    # Indented, so that no line of a traceback can pass for an event.
    lines = [" ".join(parts), *(f"    {line}" for line in trace.splitlines())]
    return "\n".join(lines).encode()


def _word(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _standard_error() -> Stream:
    return io.FileIO(sys.stderr.fileno(), "w", closefd=False)
