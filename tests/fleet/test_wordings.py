"""The laws of reading wordings and files: whole, from the folder, with their lines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from outreachd.fleet.load import load
from outreachd.rules.model import Kind
from outreachd.rules.wanted import WantedCampaign, WantedStep
from tests.fleet.writing import GOOD, mistake, spoiled, write

TEXT = 'text = "Hi"'
PDF = b"%PDF-1.7 offer"


def step(folder: Path, lines: str) -> WantedStep:
    """Read the one step of a fleet file with other lines in it."""
    campaign = load(write(folder, spoiled(TEXT, lines))).things[Kind.CAMPAIGN]["spring"]
    assert isinstance(campaign, WantedCampaign)
    return campaign.steps[0]


def test_a_file_beside_the_fleet_file_is_included(tmp_path: Path) -> None:
    """In files and inline, in text and HTML, expanded when it is read."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/sig.txt").write_text("Ann\n{{ signature }}\n")
    (tmp_path / "one.html").write_text('<p>{% include "parts/sig.txt" %}</p>')
    made = step(
        tmp_path, 'text = \'Hi {% include "parts/sig.txt" %}\'\nhtml_file = "one.html"'
    )
    assert made.text == "Hi Ann\n{{ signature }}"
    assert made.html == "<p>Ann\n{{ signature }}</p>"


def test_html_alone_is_enough(tmp_path: Path) -> None:
    """Its styles are worked in and a text is made of it."""
    made = step(tmp_path, "html = '<style>p{top:0}</style><p>Hi {{ a }}</p>'")
    assert made.text == "Hi {{ a }}\n"
    assert made.html is not None
    assert 'style="top: 0;"' in made.html


def test_a_file_that_is_not_there_is_told_with_the_line_of_its_part(
    tmp_path: Path,
) -> None:
    """The line counts within the part, so the part is named."""
    found = mistake(tmp_path, TEXT, "text = 'Hi {% include \"none.txt\" %}'")
    assert found.startswith("fleet.toml:22: text: line 1: ")


def test_a_fault_in_an_included_file_is_told_with_its_line(tmp_path: Path) -> None:
    """The line of the fleet file, then the file and the line in it."""
    (tmp_path / "sig.txt").write_text("one\n{{ two\n")
    found = mistake(tmp_path, TEXT, "text = 'Hi {% include \"sig.txt\" %}'")
    assert found.startswith('fleet.toml:22: text, "sig.txt", line 2: ')


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/etc/passwd", "must be in the fleet file's folder"),
        ("../secret.txt", "must be in the fleet file's folder"),
        ("a/../../secret.txt", "must be in the fleet file's folder"),
        ("link.txt", "leads out of the fleet file's folder"),
        ("loop.txt", "cannot be read"),
        ("folder", "is no file"),
        ("pipe", "is no file"),
        ("gone.txt", "cannot be read: no such file"),
        ("latin.txt", "must be UTF-8 text"),
        ("me.txt", "me.txt -> me.txt goes round in a circle"),
    ],
)
def test_nothing_leads_out_of_the_folder(tmp_path: Path, name: str, said: str) -> None:
    """S: absolute, upwards, by a link, a device: each is told, none is read."""
    folder = tmp_path / "fleet"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "latin.txt").write_bytes(b"\xe4")
    (folder / "me.txt").write_text('{% include "me.txt" %}')
    os.mkfifo(folder / "pipe")
    found = mistake(folder, TEXT, f"text = '{{% include \"{name}\" %}}'")
    assert found.startswith("fleet.toml:22: text: ") or "line 1" in found
    assert said in found
    assert "secret" not in found.replace("secret.txt", "")


def test_files_go_with_a_step(tmp_path: Path) -> None:
    """Described by what they are; their contents take no part in a comparison."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/offer.pdf").write_bytes(PDF)
    made = step(tmp_path, f'{TEXT}\nattachments = ["docs/offer.pdf"]')
    [offer] = made.attachments
    assert (offer.name, offer.content_type) == ("offer.pdf", "application/pdf")
    assert made.contents == (PDF,)
    assert "PDF-1.7" not in repr(made)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ('["run.exe"]', '"run.exe" would be a program (.exe)'),
        ('["fake.pdf"]', '"fake.pdf" is a Windows program'),
        ('["gone.pdf"]', '"gone.pdf" cannot be read'),
        ('["../x.pdf"]', '"../x.pdf" must be in the fleet file\'s folder'),
        ('["offer.pdf", "a/offer.pdf"]', '"offer.pdf" is attached twice'),
        ('["big.pdf"]', '"big.pdf" is larger than 5120 kB'),
        ('"offer.pdf"', "attachments"),
    ],
)
def test_what_must_not_be_attached_is_a_mistake(
    tmp_path: Path, files: str, said: str
) -> None:
    """With the line that names it."""
    (tmp_path / "a").mkdir()
    for name in ("offer.pdf", "a/offer.pdf"):
        (tmp_path / name).write_bytes(PDF)
    (tmp_path / "run.exe").write_bytes(b"MZ")
    (tmp_path / "fake.pdf").write_bytes(b"MZ")
    (tmp_path / "big.pdf").write_bytes(PDF + bytes(5 << 20))
    found = mistake(tmp_path, TEXT, f"{TEXT}\nattachments = {files}")
    assert found.startswith("fleet.toml:23: ")
    assert said in found


def test_the_good_file_has_nothing_of_all_this() -> None:
    """So that the tests above change one thing each."""
    assert "attachments" not in GOOD
