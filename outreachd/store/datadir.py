"""The data directory of an embedded PostgreSQL: making it, and reading what it tells.

``postmaster.pid`` is the server's own word: line 1 its process id, line 5 its socket
directory, line 8 its state. The file outlives a killed server, so it is believed only
together with a living process or socket. The log is ours to open and never follows a
link, since root may open it in a directory of another user.
Source: PostgreSQL documentation, "Creating a Database Cluster", miscadmin.h.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import IO

from outreachd.store.binaries import EmbeddedError, ServerUser

DATABASE = "outreachd"
PORT = 5432  # only a part of the socket's file name
LOG = "server.log"
LARGEST_LOG = 10_000_000  # bytes; a larger one is begun anew at the next start


def make_parents(directory: Path) -> None:
    """Make missing directories; those that root makes can be passed by others."""
    missing = [p for p in (directory, *directory.parents) if not p.exists()]
    for step in reversed(missing):
        step.mkdir(mode=0o700)
        if os.geteuid() == 0:
            step.chmod(0o711)


def hand_over(descriptor: int, directory: Path) -> None:
    """Give a file that root makes to the owner of its directory, who is to use it."""
    if os.geteuid() == 0:
        place = directory.stat()
        os.fchown(descriptor, place.st_uid, place.st_gid)


def make_data(data: Path, home: Path, user: ServerUser, *, durable: bool) -> None:
    """Make the data beside their place and rename: a crash leaves no half of them."""
    if data.exists() and any(data.iterdir()):
        raise EmbeddedError(
            f"{data} exists and holds no PostgreSQL data: remove it, or name another "
            f"[state] directory."
        )
    part = data.with_name(data.name + ".new")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    os.chown(part, user.uid, user.gid)
    flags = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
    if not durable:
        flags.append("--no-sync")
    _run([str(home / "initdb"), "-D", str(part), *flags], user)
    # Single-user mode needs neither a client program nor a running server.
    single = [str(home / "postgres"), "--single", "-D", str(part), "postgres"]
    _run(single, user, f"CREATE DATABASE {DATABASE}\n")
    part.rename(data)


def pid_file(data: Path) -> list[str]:
    """Read the lines of postmaster.pid; none if no server claims the directory."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def is_ready(data: Path) -> bool:
    """Tell whether a server says it is ready and its socket answers."""
    lines = pid_file(data)
    if len(lines) < 8 or not lines[7].startswith("ready"):
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(f"{lines[4]}/.s.PGSQL.{PORT}")
        except OSError:
            return False
    return True


def has_live_server(data: Path) -> bool:
    """Tell whether the process that postmaster.pid names is a living PostgreSQL."""
    lines = pid_file(data)
    return bool(lines) and _is_postgres(int(lines[0]))


def forget_stranger(data: Path) -> None:
    """Remove a postmaster.pid whose number now belongs to another program.

    After a restart of the machine or container small numbers come back at once, and
    PostgreSQL would take the stranger for itself and refuse to start.
    """
    lines = pid_file(data)
    if lines and _exists(int(lines[0])) and not has_live_server(data):
        (data / "postmaster.pid").unlink()


def open_log(data: Path) -> IO[bytes]:
    """Open the server's log for appending."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    log = os.fdopen(os.open(data / LOG, flags, 0o600), "ab")
    if log.tell() > LARGEST_LOG:
        log.truncate(0)
    return log


def last_complaint(data: Path, since: int) -> str:
    """Find the last fatal line that the server logged after byte ``since``."""
    with (data / LOG).open("rb") as log:
        log.seek(since)
        lines = log.read().decode(errors="replace").splitlines()
    fatal = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
    return (fatal or lines or ["it said nothing"])[-1]


def _run(command: list[str], user: ServerUser, said: str = "") -> None:
    done = subprocess.run(  # noqa: S603 - programs of find_binaries, no user's text
        command, input=said, capture_output=True, text=True, check=False, **user.popen()
    )
    if done.returncode:
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        raise EmbeddedError(f"{command[0]} ended with {done.returncode}: {last}")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _is_postgres(pid: int) -> bool:
    """Ask /proc, or `ps` where there is none; a dead one may linger as a zombie."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False
        name, _, rest = stat.partition("(")[2].rpartition(") ")
        return "postgres" in name and not rest.startswith("Z")
    ps = ["/bin/ps", "-o", "stat=,comm=", "-p", str(pid)]
    answer = subprocess.run(ps, capture_output=True, text=True, check=False).stdout  # noqa: S603 - fixed
    return "postgres" in answer and not answer.startswith("Z")
