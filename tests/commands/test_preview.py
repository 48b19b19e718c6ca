"""The laws of preview: the letter as it would be sent, to nobody."""

from __future__ import annotations

import email
import email.policy
import json
from email.message import EmailMessage
from pathlib import Path

import pytest

from outreachd.clock import RealClock
from outreachd.commands.base import FailedError, MisusedError
from outreachd.commands.preview import Order, preview
from outreachd.fleet.load import load
from outreachd.proof import TOKEN
from outreachd.store.database import Database
from outreachd.store.fleet import apply
from outreachd.store.vault import Vault
from tests.commands.conftest import FLEET, PutSends

STEPS = """
[[campaign.step]]
subject = "Hello {{ first_name }}"
html = "<style>p{top:0}</style><p>Hi {{ first_name }}</p>"
attachments = ["offer.pdf"]
[[campaign.step]]
after = "3 days"
text = "Did you see it, {{ nickname }}?"
[[campaign.step]]
after = "3 days"
[[campaign.step.variant]]
name = "short"
text = "Short"
[[campaign.step.variant]]
name = "long"
subject = "Something else"
text = "Long"
"""
P1 = "p1@people.example"


@pytest.fixture
async def people(
    put_sends: PutSends, db: Database, tmp_path: Path, state: Path
) -> None:
    """Apply a sequence and name one contact."""
    await put_sends(1)
    (tmp_path / "offer.pdf").write_bytes(b"%PDF-1.7 offer")
    file = tmp_path / "preview.toml"
    file.write_text(FLEET.partition("[[campaign.step]]")[0] + STEPS)
    async with db.connection() as connection:
        now, vault = RealClock().now(), Vault.unlock(state)
        await apply(connection, load(file), vault, now=now, author="test")
        await connection.execute(
            'UPDATE contact SET variables = \'{"first_name": "Pat"}\''
        )


def order(step: int = 1, contact: str = P1, variant: str | None = None) -> Order:
    """Order a letter of the one campaign."""
    return Order("spring", contact, step, variant)


async def test_a_letter_is_shown_and_written_to_files(
    config: Path, people: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Subject, text and files; the .eml is the letter itself, whole."""
    await preview(config, order(), tmp_path / "out", False)
    told = capsys.readouterr().out
    assert "From: Ann Lee <ann@mail.acme.example>" in told
    assert "Subject: Hello Pat\nAttached: offer.pdf\n\nHi Pat\n" in told
    assert "Acme GmbH, Hauptstr. 1" in told
    raw = (tmp_path / "out/step-1.eml").read_bytes()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message["List-Unsubscribe"] == f"<https://out.example.org/u/{TOKEN}>"
    assert 'style="top: 0;"' in (tmp_path / "out/step-1.html").read_text()


async def test_the_letter_that_asks_for_a_yes_is_shown(
    config: Path,
    people: None,
    db: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As step 0, with a link that confirms nothing; where there is none it is told."""
    with pytest.raises(MisusedError, match="spring asks nobody for a yes first"):
        await preview(config, order(0), None, False)
    asking = {"subject": "May we, {{ first_name }}?", "text": "{{ confirm_url }}"}
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE campaign SET confirmation = $1::text::jsonb",
            json.dumps(asking | {"html": None}),
        )
    await preview(config, order(0), tmp_path / "out", True)
    told = json.loads(capsys.readouterr().out)
    assert (told["step"], told["subject"]) == (0, "May we, Pat?")
    assert told["text"].startswith(f"https://out.example.org/c/{TOKEN}\n")
    assert told["files"] == [str(tmp_path / "out/step-0.eml")]
    await preview(config, order(1), None, True)
    assert json.loads(capsys.readouterr().out)["subject"] == "Hello Pat"


async def test_a_preview_changes_nothing(
    config: Path, people: None, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """No send, no attempt, no usage is touched."""
    query = "SELECT (SELECT to_jsonb(s) FROM send s), (SELECT count(*) FROM attempt)"
    async with db.connection() as connection:
        before = await connection.fetchrow(query)
        await preview(config, order(), None, False)
        assert await connection.fetchrow(query) == before


async def test_what_would_be_held_is_told_with_the_same_words(
    config: Path, people: None
) -> None:
    """A missing value is the sentence of the hold, with exit 1."""
    with pytest.raises(FailedError, match=r"held \(missing_variable\): nickname is"):
        await preview(config, order(2), None, False)


async def test_a_follow_up_is_shown_in_its_thread(
    config: Path, people: None, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its subject follows from the first letter's; a variant can be chosen."""
    async with db.connection() as connection:
        await connection.execute(
            'UPDATE contact SET variables = \'{"first_name": "Pat", "nickname": "P"}\''
        )
    subjects = []
    for one in (order(2), order(3, variant="short"), order(3, variant="long")):
        await preview(config, one, None, True)
        subjects.append(json.loads(capsys.readouterr().out)["subject"])
    assert subjects == ["Re: Hello Pat", "Re: Hello Pat", "Something else"]


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (Order("sprig", P1, 1, None), 'unknown campaign "sprig": did you mean'),
        (order(contact="nobody@people.example"), "acme has no contact nobody@"),
        (order(contact="nobody"), "--contact nobody: "),
        (order(4), "spring has 3 steps, not 4"),
        (order(3, variant="shrt"), 'unknown variant "shrt": did you mean "short"'),
    ],
)
async def test_what_is_not_there_is_told(
    config: Path, people: None, one: Order, words: str
) -> None:
    """One sentence and a way out."""
    with pytest.raises((FailedError, MisusedError), match=words):
        await preview(config, one, None, False)


async def test_a_directory_that_cannot_be_made_is_told(
    config: Path, people: None, tmp_path: Path
) -> None:
    """A file stands where the directory should be."""
    (tmp_path / "file").touch()
    with pytest.raises(FailedError, match="cannot be written to"):
        await preview(config, order(), tmp_path / "file", False)
