"""What must change for the present fleet to become the wanted one.

``plan`` compares two fleets and lists the changes, in an order in which they may be
applied. A thing that vanished is retired; one that was retired and returns is revived
under its old id. Of a password a line of the plan says only that it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from outreachd.rules.hygiene import Policy
from outreachd.rules.model import Dkim, Imap, Kind, Ramp
from outreachd.rules.receivers import rates_text
from outreachd.rules.wanted import (
    UNREADABLE,
    Ear,
    Fleet,
    Pool,
    Thing,
    WantedStep,
    WrittenCalendar,
)
from outreachd.rules.wording import Wording
from outreachd.rules.written import duration_text, time_text


class Sign(StrEnum):
    """What happens to a thing."""

    ADD = "+"
    CHANGE = "~"
    RETIRE = "-"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan. ``fields`` = name, old and new, both in words."""

    sign: Sign
    kind: Kind | Ear
    name: str
    returns: bool = False  # it was retired
    fields: tuple[tuple[str, str, str], ...] = ()

    def touches(self, name: str) -> bool:
        """Tell whether a field must be written."""
        return self.sign is Sign.ADD or any(part[0] == name for part in self.fields)

    def __str__(self) -> str:
        line = f"{self.sign} {self.kind} {self.name}"
        if self.returns:
            line += " (returns)"
        return line + "".join(
            f"\n    {_LABELS.get(n, n)}: {old} -> {new}" for n, old, new in self.fields
        )


def moves_letters(change: Change) -> bool:
    """Tell whether letters that wait may lie elsewhere, or be due at another time."""
    is_known = change.sign is Sign.CHANGE or change.returns
    return change.kind is Kind.CAMPAIGN and is_known and change.touches("calendar")


# What refers to others comes after them, and is retired before them.
ORDER = (Kind.CLIENT, Kind.ACCOUNT, Kind.DOMAIN, Kind.MAILBOX, Kind.CAMPAIGN)


def plan(wanted: Fleet, present: Fleet) -> list[Change]:
    """List what must change; an empty list means nothing to do."""
    kinds = (*ORDER, Ear.INBOX)
    changes = [c for kind in kinds for c in _additions(kind, wanted, present)]
    for kind in reversed(kinds):
        gone = present.of(kind).keys() - wanted.of(kind).keys()
        changes += [Change(Sign.RETIRE, kind, name) for name in sorted(gone)]
    return changes


def _additions(kind: Kind | Ear, wanted: Fleet, present: Fleet) -> Iterator[Change]:
    for name, thing in wanted.of(kind).items():
        old = present.of(kind).get(name)
        if old is None:
            returns = (kind, name) in present.retired
            yield Change(Sign.ADD, kind, name, returns)
        elif old != thing:
            yield Change(
                Sign.CHANGE, kind, name, fields=tuple(_differences(old, thing))
            )


def _differences(old: Thing, new: Thing) -> Iterator[tuple[str, str, str]]:
    for part in fields(new):
        before, after = getattr(old, part.name), getattr(new, part.name)
        if before == after:
            continue
        if part.name == "password":
            yield part.name, _presence(before), _presence(after, "a new one")
        elif part.name == "mailboxes":
            yield part.name, f"{len(before)}", _crowd(before, after)
        elif part.name == "steps":
            yield part.name, f"{len(before)}", _sequence(before, after)
        else:
            shown = _SHOWN.get(part.name, _shown)
            yield part.name, shown(before), shown(after)


def _lasting(seconds: float | None) -> str:
    return "none" if seconds is None else duration_text(seconds)


# How a fleet file names them, and how their values are written there.
_LABELS = {
    "workday_start_min": "workday from",
    "workday_end_min": "workday to",
    "useful_for_s": "useful_for",
    "silent_after_s": "silent_after",
}
_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "workday_start_min": time_text,
    "workday_end_min": time_text,
    "useful_for_s": _lasting,
    "silent_after_s": _lasting,
    "receiver_rates": rates_text,
}


def _presence(password: str | None, word: str = "set") -> str:
    if password is None:
        return "none"
    return "unreadable" if password == UNREADABLE else word


def _crowd(before: frozenset[str], after: frozenset[str]) -> str:
    return f"{len(after)} ({len(after - before)} more, {len(before - after)} fewer)"


def _sequence(before: tuple[WantedStep, ...], after: tuple[WantedStep, ...]) -> str:
    both = zip(before, after, strict=False)
    edited = [str(i) for i, (old, new) in enumerate(both, 1) if old != new]
    return f"{len(after)}" + (f" (edited: {', '.join(edited)})" if edited else "")


def _shown(value: object) -> str:
    match value:
        case None | "" | ():
            return "none"
        case Ramp():
            return f"{value.start} to {value.end} in {value.days} days"
        case Pool() | WrittenCalendar() | Policy() | Wording() | Dkim() | Imap():
            parts = ((f.name, getattr(value, f.name)) for f in fields(value))
            return "; ".join(f"{name} {_shown(part)}" for name, part in parts if part)
        case tuple():
            return ", ".join(map(str, value))
        case float():
            return f"{value:g}"
        case _:
            text = " ".join(str(value).split())
            return text if len(text) <= 60 else f"{text[:57]}..."
