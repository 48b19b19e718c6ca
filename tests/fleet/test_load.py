"""The laws of reading a whole fleet file."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreachd.fleet.load import load
from outreachd.rules.model import Kind
from outreachd.rules.wanted import WantedMailbox
from tests.fleet.writing import GOOD, mistake, mistakes, spoiled, write

EXAMPLE = Path(__file__).parents[2] / "config" / "fleet.toml"


def test_the_example_is_a_fleet() -> None:
    """The commented files load as they stand, the CSV with them."""
    fleet = load(EXAMPLE)
    sizes = {kind: len(things) for kind, things in fleet.things.items()}
    assert sizes == {
        Kind.CLIENT: 2,
        Kind.ACCOUNT: 1,
        Kind.DOMAIN: 2,
        Kind.MAILBOX: 4,
        Kind.CAMPAIGN: 1,
    }


def test_things_keep_the_order_of_the_file(tmp_path: Path) -> None:
    """A plan reads as its author wrote it."""
    more = "".join(
        f'[[client]]\nname = "{n}"\npostal_address = "x"\n' for n in ("zoo", "bee")
    )
    fleet = load(write(tmp_path, GOOD + more))
    assert list(fleet.things[Kind.CLIENT]) == ["acme", "zoo", "bee"]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Fault 74: several tables and both files, sorted by place, each with its line."""
    text = spoiled('client = "acme"', 'client = "acne"\nshare = -1')
    text = text.replace('kind = "smtp"', 'kind = "smtp"\nport = "25"')
    text += '[[clients]]\n[fleet]\nmailboxes = "m.csv"\n'
    (tmp_path / "m.csv").write_text("address,name\nbob@gone.example,Bob\n")
    said = mistakes(tmp_path, text)
    assert said == [
        "fleet.toml:7: port must be a whole number",
        "fleet.toml:19: share must be at least 0.001",
        'fleet.toml:25: unknown table "clients": did you mean "client"?',
        (
            'm.csv:2: unknown domain "gone.example": did you mean "mail.acme.example"?'
            " (or add it as [[domain]])"
        ),
    ]


def test_a_reference_to_a_mistaken_table_is_no_second_mistake(tmp_path: Path) -> None:
    """One slip is told once, where it was made."""
    assert mistake(tmp_path, 'postal_address = "Acme, Berlin"', "share = 1") == (
        "fleet.toml:1: postal_address is missing, and it has no default"
    )
    assert mistake(tmp_path, 'host = "relay.example"', "") == (
        "fleet.toml:4: host is missing, and it has no default"
    )


@pytest.mark.parametrize(
    ("table", "kind", "name", "line"),
    [
        ('[[client]]\nname = "acme"\npostal_address = "x"', "client", "acme", 1),
        (
            '[[account]]\nname = "relay"\nkind = "smtp"\nhost = "h"',
            "account",
            "relay",
            4,
        ),
        (
            '[[domain]]\nname = "MAIL.acme.example"\naccounts = ["relay"]',
            "domain",
            "mail.acme.example",
            8,
        ),
        (
            '[[mailbox]]\naddress = "Ann@mail.acme.example"\nname = "x"',
            "mailbox",
            "ann@mail.acme.example",
            11,
        ),
    ],
)
def test_what_is_there_twice_is_a_mistake(
    tmp_path: Path, table: str, kind: str, name: str, line: int
) -> None:
    """Fault 74: names and addresses are unique, whatever their capitals."""
    [said] = mistakes(tmp_path, f"{GOOD}{table}\n")
    assert said == (
        f'fleet.toml:24: {kind} "{name}" is there twice, first at fleet.toml:{line}'
    )


def test_a_mailbox_in_the_file_and_in_the_csv_is_a_mistake(tmp_path: Path) -> None:
    """Fault 74: which of the two would count is not left to chance."""
    write(tmp_path, "address,name\nann@mail.acme.example,Ann\n", "m.csv")
    [said] = mistakes(tmp_path, GOOD + '[fleet]\nmailboxes = "m.csv"\n')
    assert said == (
        'm.csv:2: mailbox "ann@mail.acme.example" is there twice, first at'
        " fleet.toml:11"
    )


def test_the_csv_counts_from_the_fleet_file(tmp_path: Path) -> None:
    """Where the command runs changes nothing; its mailboxes are as good as others."""
    folder = tmp_path / "deep"
    folder.mkdir()
    write(folder, "address,name,tags\nbob@mail.acme.example,Bob,acme\n", "m.csv")
    fleet = load(write(folder, GOOD + '[fleet]\nmailboxes = "m.csv"\n'))
    bob = fleet.things[Kind.MAILBOX]["bob@mail.acme.example"]
    assert isinstance(bob, WantedMailbox)
    assert bob.tags == ("acme",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[fleet]\nmailboxes = "gone.csv"\n', "fleet.toml:24: gone.csv cannot be read"),
        ("[fleet]\nmailbox = 1\n", 'fleet.toml:24: unknown key "mailbox"'),
        ("fleet = 3\n", "fleet.toml:1: this must be a table of keys"),
        ("client = 3\n", "fleet.toml:1: write [[client]], with two brackets"),
    ],
)
def test_a_broken_frame_is_told(tmp_path: Path, text: str, said: str) -> None:
    """Sections of the wrong shape are one sentence, no traceback."""
    whole = text if "=" in text.split("\n", maxsplit=1)[0] else GOOD + text
    assert mistakes(tmp_path, whole)[0].startswith(said)


def test_a_csv_in_another_encoding_is_told(tmp_path: Path) -> None:
    """A sheet saved by an old program is refused by name."""
    (tmp_path / "m.csv").write_bytes(
        "address,name\na@b.example,Jürg\n".encode("cp1252")
    )
    [said] = mistakes(tmp_path, GOOD + '[fleet]\nmailboxes = "m.csv"\n')
    assert said.startswith("m.csv:2: is not UTF-8 (it looks like cp1252)")
