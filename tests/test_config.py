"""The laws of the settings' keys: defaults, bounds, what they say of each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from outreachd.config import Send
from outreachd.config_file import load

EXAMPLE = Path(__file__).parents[1] / "config" / "outreachd.toml"


def test_the_example_holds_the_defaults() -> None:
    """What the commented file shows is what happens without it."""
    shown, default = load(EXAMPLE), load(None)
    assert shown.model_copy(update={"state": default.state}) == default


def test_every_default_is_in_the_example() -> None:
    """A reader of the example misses no key."""
    text = EXAMPLE.read_text()
    settings = load(None)
    sections = (
        *(settings.send, settings.send.limits, settings.send.connections),
        *(settings.http.control, settings.http.public, settings.log),
        *(settings.checks, settings.health, settings.inbox),
    )
    for section in sections:
        for key in type(section).model_fields:
            assert f"{key}" in text


def test_settings_never_change() -> None:
    """Rooms may keep what they were given."""
    settings = load(None)
    with pytest.raises(ValidationError):
        settings.send.lease_s = 1
    with pytest.raises(ValidationError):
        settings.log = settings.log


@pytest.mark.parametrize(
    ("given", "floor"),
    [
        ({"uncertain_grace_s": 674.0}, "675"),
        ({"limits": {"dot_s": 1200.0}}, "1275"),
        ({"lease_s": 300.0, "uncertain_grace_s": 900.0}, "960"),
    ],
)
def test_the_grace_outlives_the_last_answer(given: dict[str, Any], floor: str) -> None:
    """No send is judged while its letter may still be being accepted."""
    law = rf"must be at least {floor}: limits\.dot_s \+ lease_s \+ 60"
    with pytest.raises(ValidationError, match=law):
        Send.model_validate(given)
