"""One moment of the demo's day, as the picture shows it.

Letters are counted at the SMTP server; only what a server cannot know (what waits, who
rests) is told by the daemon's status.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Moment:
    """What can be seen of the day at one instant."""

    now: datetime  # virtual, UTC
    real_s: float = 0.0  # since the day began
    letters: int = 0
    by_client: Counter[str] = field(default_factory=Counter)
    by_domain: Counter[str] = field(default_factory=Counter)
    writers: set[str] = field(default_factory=set)  # mailboxes that have sent
    status: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What stays the same all day."""

    letters: int
    mailboxes: int
    by_client: dict[str, int]  # letters each client is to send
    caps: dict[str, int]  # letters each domain may send today
