"""Fleet files for tests: a small good one, and ways to spoil it."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreachd.fleet.load import load
from outreachd.mistakes import ConfigError

GOOD = """\
[[client]]
name = "acme"
postal_address = "Acme, Berlin"
[[account]]
name = "relay"
kind = "smtp"
host = "relay.example"
[[domain]]
name = "mail.acme.example"
accounts = ["relay"]
[[mailbox]]
address = "ann@mail.acme.example"
name = "Ann"
tags = ["acme"]
[[campaign]]
name = "spring"
client = "acme"
direction = "sales"
pool = { tags = ["acme"] }
[[campaign.step]]
subject = "Hello {{ first_name }}"
text = "Hi"
"""


def write(folder: Path, text: str, name: str = "fleet.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def spoiled(old: str, new: str) -> str:
    """Replace a line of the good file by others; it must be in it."""
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def mistakes(folder: Path, text: str) -> list[str]:
    """Tell what is wrong with a fleet file, without the folder's name."""
    with pytest.raises(ConfigError) as caught:
        load(write(folder, text))
    return [str(m).replace(f"{folder}/", "") for m in caught.value.mistakes]


def mistake(folder: Path, old: str, new: str) -> str:
    """Tell the one thing that is wrong after a line was replaced."""
    [only] = mistakes(folder, spoiled(old, new))
    return only
