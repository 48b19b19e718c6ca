"""A PostgreSQL server of our own, for `dsn = "embedded"`, the demo and the tests.

The server dies with the process that started it, even by ``kill -9``: a shell waits
on a pipe that only we hold. It listens on a Unix socket only, in a directory that
only its user and root can enter. Data are durable unless asked otherwise. One
process owns a data directory; later ones attach to its server and leave it running.
All calls block, up to START_LIMIT_S: use a thread from async code.
Errors: EmbeddedError, one sentence with a way out.
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO
from urllib.parse import quote

from outreachd.store import datadir
from outreachd.store.binaries import (
    EmbeddedError,
    ServerUser,
    find_binaries,
    require_owner,
    require_way,
    server_user,
)

START_LIMIT_S = 60.0  # recovery after a crash reads what was written since a checkpoint
STOP_LIMIT_S = 30.0
POLL_S = 0.05
LONGEST_SOCKET_DIRECTORY = 85  # bytes; the whole path may have 103 (macOS)

SETTINGS = {
    "listen_addresses": "",
    "port": str(datadir.PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "max_connections": "50",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

# $1 data directory, $2 a directory to throw away at the end or "", then the server.
# The server alone keeps our stdout open: its end is the reader's end of file.
# Somebody may restart it by pg_ctl: then postmaster.pid names one we must end too.
# "keep" on our stdin means that the server is to end but will be started again.
WATCHER = """
data=$1 scrap=$2; shift 2
"$@" <&- & child=$!
exec >&-
trap '' HUP INT TERM
read -r word
now=; { read -r now <"$data/postmaster.pid"; } 2>/dev/null
kill -INT "$child" 2>/dev/null
[ "${now:-$child}" = "$child" ] || kill -INT "$now" 2>/dev/null
wait
while [ -n "$now" ] && [ -e "$data/postmaster.pid" ] && kill -0 "$now" 2>/dev/null
do sleep 0.1; done
[ -z "$scrap" ] || [ "$word" = keep ] || rm -rf -- "$scrap"
"""


class EmbeddedServer:
    """One server on one data directory; ``owner`` tells whether it ends with us."""

    def __init__(self, data: Path, *, durable: bool, scrap: Path | None) -> None:
        self.data = data
        self.owner = False
        self._durable = durable
        self._scrap = scrap  # what vanishes with the server
        self._lock = data.with_name(data.name + ".lock").open("ab")
        datadir.hand_over(self._lock.fileno(), data.parent)
        self._watcher: subprocess.Popen[bytes] | None = None
        self._sockets = ""  # the directory of the socket, once the server is ready
        self._was_ready = False
        self._log_start = 0

    @classmethod
    def start(
        cls, data: Path, *, durable: bool = True, scrap: Path | None = None
    ) -> EmbeddedServer:
        """Start a server on ``data``, made if missing, or attach to the one there."""
        data = data.absolute()
        datadir.make_parents(data.parent)
        server = cls(data, durable=durable, scrap=scrap)
        try:
            server.ensure_running()
        except BaseException:
            server.stop()
            raise
        return server

    @classmethod
    def temporary(cls) -> EmbeddedServer:
        """Start a server whose data vanish with it, for tests and the demo."""
        home = _temporary_directory(server_user(Path()))
        return cls.start(home / "data", durable=False, scrap=home)

    @property
    def pid(self) -> int | None:
        """The server's process id, as its data directory tells it."""
        lines = datadir.pid_file(self.data)
        return int(lines[0]) if lines else None

    def dsn(self, database: str = datadir.DATABASE) -> str:
        """Tell how to connect; holds no secret."""
        where = f"host={quote(self._sockets)}&port={datadir.PORT}"
        return f"postgresql://postgres@/{database}?{where}"

    def ensure_running(self) -> None:
        """Return once the server is ready; start it again if it died."""
        for _ in range(int(START_LIMIT_S / POLL_S)):
            if datadir.is_ready(self.data):
                self._was_ready = True
                self._sockets = datadir.pid_file(self.data)[4]
                return
            if self._own() and not self._is_alive():
                self._launch()
            select.select(self._end_signs(), [], [], POLL_S)
        raise EmbeddedError(
            f"the PostgreSQL server on {self.data} is not ready after "
            f"{START_LIMIT_S:.0f} s: see {self.data / datadir.LOG}."
        )

    def stop(self) -> None:
        """End the server if it is ours and wait for its end; else just let go."""
        self._end(b"")
        if self._scrap and self.owner:
            shutil.rmtree(self._scrap, ignore_errors=True)
        self._lock.close()

    def _own(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False  # a process of ours has started the server, or is about to
        self.owner = True
        return True

    def _is_alive(self) -> bool:
        """Tell whether a server is there, though it may be starting or stopping."""
        signs = self._end_signs()
        ours = bool(signs) and not select.select(signs, [], [], 0)[0]
        return ours or datadir.has_live_server(self.data)

    def _end_signs(self) -> list[IO[bytes]]:
        stdout = self._watcher.stdout if self._watcher else None
        return [stdout] if stdout else []

    def _launch(self) -> None:
        if self._watcher:
            self._end(b"keep\n")
            self._raise_if_refused()
        user = server_user(self.data)
        if user.lent:
            require_way(self.data.parent, user)
            require_owner(self.data, user)
        home = find_binaries(self.data, user)
        if not (self.data / "PG_VERSION").exists():
            datadir.make_data(self.data, home, user, durable=self._durable)
        datadir.forget_stranger(self.data)
        sockets = self._socket_directory(user)  # may set what to throw away
        options = SETTINGS | ({} if self._durable else NOT_DURABLE)
        options["unix_socket_directories"] = str(sockets)
        command = [str(home / "postgres"), "-D", str(self.data)]
        command += [f"--{name}={value}" for name, value in options.items()]
        self._watch(command, user)

    def _watch(self, server: list[str], user: ServerUser) -> None:
        self._was_ready = False
        told = [self.data, self._scrap or ""]
        with datadir.open_log(self.data) as log:
            self._log_start = log.tell()
            self._watcher = subprocess.Popen(  # noqa: S603 - our script and programs
                ["/bin/sh", "-c", WATCHER, "sh", *told, *server],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us, who then stop it in order
                **user.popen(),
            )

    def _raise_if_refused(self) -> None:
        """Tell why the server never got ready, unless an old one is only slow to go."""
        if self._was_ready:
            return  # it ran, and was killed: starting it again is right
        why = datadir.last_complaint(self.data, self._log_start)
        if "still in use" not in why and "already exists" not in why:
            raise EmbeddedError(f"PostgreSQL did not start on {self.data}: {why}")

    def _socket_directory(self, user: ServerUser) -> Path:
        """Use the data directory, closed to others anyway, unless it lies too deep."""
        if len(os.fsencode(self.data)) <= LONGEST_SOCKET_DIRECTORY:
            return self.data
        if self._scrap is None:
            self._scrap = _temporary_directory(user)
        return self._scrap

    def _end(self, word: bytes) -> None:
        if self._watcher is None:
            return
        watcher, self._watcher = self._watcher, None
        assert watcher.stdin
        assert watcher.stdout
        watcher.stdin.write(word)
        watcher.stdin.close()
        try:
            watcher.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            # No checkpoint then; the next start recovers from the write-ahead log.
            if self.pid is not None:
                os.kill(self.pid, signal.SIGQUIT)
            watcher.wait(STOP_LIMIT_S)
        watcher.stdout.close()


def _temporary_directory(user: ServerUser) -> Path:
    """Make a short-named directory that only the server's user (and root) enters."""
    home = Path(tempfile.mkdtemp(prefix="outreachd-", dir="/tmp"))
    os.chown(home, user.uid, user.gid)
    return home
