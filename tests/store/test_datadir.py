"""What is read from, and done to, a data directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from outreachd.store import datadir
from outreachd.store.binaries import EmbeddedError, ServerUser
from outreachd.store.embedded import EmbeddedServer

US = ServerUser(os.geteuid(), os.getegid(), lent=False)


def write_pid_file(data: Path, pid: int) -> None:
    """Write what a server says that is ready."""
    lines = [str(pid), str(data), "0", "5432", str(data), "", "1 2", "ready   "]
    (data / "postmaster.pid").write_text("\n".join(lines) + "\n")


def test_a_living_server_is_seen(pg_server: EmbeddedServer) -> None:
    """Both signs, process and socket, are there."""
    assert datadir.is_ready(pg_server.data)
    assert datadir.has_live_server(pg_server.data)


def test_no_server_is_seen_in_an_empty_directory(tmp_path: Path) -> None:
    """Nothing claimed is nothing running."""
    assert not datadir.is_ready(tmp_path)
    assert not datadir.has_live_server(tmp_path)


def test_a_stale_file_is_not_believed(tmp_path: Path) -> None:
    """The word "ready" of a dead server counts for nothing; PostgreSQL removes it."""
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    write_pid_file(tmp_path, dead.pid)
    assert not datadir.is_ready(tmp_path)
    assert not datadir.has_live_server(tmp_path)
    datadir.forget_stranger(tmp_path)
    assert datadir.pid_file(tmp_path)


def test_a_stranger_with_the_servers_number_is_forgotten(tmp_path: Path) -> None:
    """After a reboot the number may be anybody's: PostgreSQL would refuse to start."""
    write_pid_file(tmp_path, os.getpid())
    assert not datadir.has_live_server(tmp_path)
    datadir.forget_stranger(tmp_path)
    assert datadir.pid_file(tmp_path) == []


def test_what_is_not_ours_is_not_overwritten(tmp_path: Path) -> None:
    """A directory with other things in it never becomes a data directory."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(EmbeddedError, match="exists and holds no PostgreSQL data"):
        datadir.make_data(tmp_path, Path("/none"), US, durable=False)


def test_a_failing_initdb_is_told_in_its_own_words(tmp_path: Path) -> None:
    """The last line that initdb says is in the error, and no half data remain."""
    initdb = tmp_path / "initdb"
    initdb.write_text("#!/bin/sh\necho first >&2; echo the disk is full >&2; exit 3\n")
    initdb.chmod(0o755)
    data = tmp_path / "data"
    with pytest.raises(EmbeddedError, match="initdb ended with 3: the disk is full"):
        datadir.make_data(data, tmp_path, US, durable=True)
    assert not data.exists()


def test_new_parents_are_closed_to_reading(tmp_path: Path) -> None:
    """Directories that we make can at most be passed through."""
    datadir.make_parents(tmp_path / "a" / "b")
    allowed = 0o711 if os.geteuid() == 0 else 0o700
    for made in (tmp_path / "a", tmp_path / "a" / "b"):
        assert made.stat().st_mode & 0o777 == allowed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_makes_belongs_to_whom_its_place_does(tmp_path: Path) -> None:
    """A verb run by root before the daemon's first start locks the daemon not out."""
    os.chown(tmp_path, 65534, 65534)
    with (tmp_path / "key").open("wb") as new:
        datadir.hand_over(new.fileno(), tmp_path)
    owner = (tmp_path / "key").stat()
    assert (owner.st_uid, owner.st_gid) == (65534, 65534)


def test_the_log_follows_no_link(tmp_path: Path) -> None:
    """A server's user cannot make root write into another file."""
    (tmp_path / "target").write_text("")
    (tmp_path / datadir.LOG).symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic links"):
        datadir.open_log(tmp_path)


def test_a_large_log_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log never fills the disk of a machine that is restarted now and then."""
    monkeypatch.setattr(datadir, "LARGEST_LOG", 10)
    for expected in (6, 12, 6):
        with datadir.open_log(tmp_path) as log:
            log.write(b"a line")
        assert (tmp_path / datadir.LOG).stat().st_size == expected


@pytest.mark.parametrize(
    ("logged", "said"),
    [
        ("LOG: a\nFATAL:  no\nLOG: z\n", "FATAL:  no"),
        ("one\ntwo\n", "two"),
        ("", "it said nothing"),
    ],
)
def test_the_last_complaint_is_found(tmp_path: Path, logged: str, said: str) -> None:
    """The fatal line counts, and only since the server was last started."""
    before = "FATAL:  long ago\n"
    (tmp_path / datadir.LOG).write_text(before + logged)
    assert datadir.last_complaint(tmp_path, len(before)) == said
