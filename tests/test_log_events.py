"""The laws of the list of log events; test_house.py knows that it is whole."""

from __future__ import annotations

import re

from outreachd.log_events import EVENTS


def test_every_event_has_a_name_and_a_sentence() -> None:
    """Events are short constant names, room first."""
    for name, sentence in EVENTS.items():
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", name)
        assert sentence.endswith(".")
