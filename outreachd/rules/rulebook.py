"""The rules that hold: ours, as somebody's table of keys changes them.

A table names one of ours and says what is to be different, or describes a rule of its
own. What is "off" is left out. No rule may do more than the whole may: with "suggest"
for all, one that says "enforce" waits for a yes. Pure.
Errors: ValueError with a sentence for what is no rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from outreachd.rules.health import Health, Measure, Mode, Rule
from outreachd.rules.model import Kind

OFF = "off"
NEEDED = (
    "kind", "measure", "window_h", "min_sent", "min_events", "limit", "brings",
)  # fmt: skip
WORDS = {"kind": Kind, "measure": Measure, "brings": Health, "mode": Mode}
MEASURED = {
    Measure.COMPLAINT: {Kind.MAILBOX},
    Measure.SILENCE: set(Kind) - {Kind.DOMAIN},
}
ORDER = (Mode.OBSERVE, Mode.SUGGEST, Mode.ENFORCE)


def rules_of(
    tables: Iterable[Mapping[str, Any]], ours: Sequence[Rule], most: Mode
) -> tuple[Rule, ...]:
    """Give the rules that hold, none of which does more than ``most``."""
    found = {rule.name: rule for rule in ours}
    for table in tables:
        rule = rule_of(table, found)
        found.pop(table["name"], None)
        if rule is not None:
            found[rule.name] = rule
    return tuple(
        replace(rule, mode=min(rule.mode, most, key=ORDER.index))
        for rule in found.values()
    )


def rule_of(table: Mapping[str, Any], known: Mapping[str, Rule]) -> Rule | None:
    """Make a rule of a table; None = it is off."""
    name = table["name"]
    given = {key: value for key, value in table.items() if key != "name"}
    if given.get("mode") == OFF:
        return None
    values: dict[str, Any] = {
        key: WORDS.get(key, _same)(value) for key, value in given.items()
    }
    base = known.get(name)
    if base is None:
        lacking = [key for key in NEEDED if key not in given]
        if lacking:
            raise ValueError(
                f'"{name}" is none of ours, and as one of your own it lacks '
                f"{', '.join(lacking)}"
            )
        rule = Rule(name=name, **values)
    else:
        rule = replace(base, **values)
    if rule.kind in MEASURED.get(rule.measure, ()):
        raise ValueError(
            f'"{name}" would judge {rule.measure} of a {rule.kind}: complaints are '
            "judged of domains, accounts and clients, silence of domains"
        )
    return rule


def _same(value: Any) -> Any:
    return value
