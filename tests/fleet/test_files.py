"""The laws of what a fleet file points at."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreachd.fleet.files import (
    MAX_SECRET,
    MAX_WORDING,
    check_holidays,
    read_password,
    read_wording,
)


def secret(folder: Path, content: bytes, mode: int = 0o600) -> str:
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path.name


@pytest.mark.parametrize("content", [b"hunter2", b"hunter2\n", b"hunter2\r\n"])
def test_the_newline_of_an_editor_is_no_part_of_a_password(
    tmp_path: Path, content: bytes
) -> None:
    """Blanks inside and around are."""
    assert read_password(secret(tmp_path, content), tmp_path) == "hunter2"
    assert read_password(secret(tmp_path, b" a b "), tmp_path) == " a b "


def test_a_credential_of_systemd_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its directory is closed by systemd, so its mode is not ours to judge."""
    secret(tmp_path, b"hunter2\n", 0o444)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_password("credential:secret", Path("/nowhere")) == "hunter2"


@pytest.mark.parametrize("name", ["", "../secret", "a/b"])
def test_a_credential_is_a_plain_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """No path leads out of the directory."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(ValueError, match="a name without /"):
        read_password(f"credential:{name}", tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "must hold one line"),
        (b"\n", "must hold one line"),
        (b"hunter2\nhunter3\n", "must hold one line"),
        (b"hunter2\0", "must hold one line"),
        (b"hunter2\xff", "must be UTF-8 text"),
        (b"x" * (MAX_SECRET + 1), "is larger than 64 kB"),
    ],
)
def test_what_is_no_password_is_refused_and_not_shown(
    tmp_path: Path, content: bytes, said: str
) -> None:
    """The reason names the file, never what is in it."""
    with pytest.raises(ValueError, match=said) as caught:
        read_password(secret(tmp_path, content), tmp_path)
    assert "hunter" not in str(caught.value)


def test_a_password_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    """The way out is in the sentence."""
    name = secret(tmp_path, b"hunter2", 0o644)
    with pytest.raises(ValueError, match="readable by everybody: chmod 600 it"):
        read_password(name, tmp_path)


def test_a_wording_is_text_of_a_bounded_size(tmp_path: Path) -> None:
    """A BOM and the line ends of Windows are not part of a letter."""
    path = tmp_path / "letter.txt"
    path.write_bytes("\ufeffHi,\r\nAnn\r\n".encode())
    assert read_wording("letter.txt", tmp_path) == "Hi,\nAnn\n"
    path.write_bytes(b"x" * (MAX_WORDING + 1))
    with pytest.raises(ValueError, match="larger than 1024 kB"):
        read_wording("letter.txt", tmp_path)
    with pytest.raises(ValueError, match="cannot be read: is a directory"):
        read_wording(".", tmp_path)


@pytest.mark.parametrize(
    ("code", "said"),
    [("XX", "must be a country code"), ("DE-ZZ", '"ZZ" is no part of DE; known: BB')],
)
def test_unknown_holidays_are_refused(code: str, said: str) -> None:
    """Countries and parts are those of the holidays library."""
    check_holidays("DE")
    check_holidays("DE-BE")
    with pytest.raises(ValueError, match=said):
        check_holidays(code)
