"""What an import says when it is done: figures for programs, sentences for people.

Each row is counted under one word, so that the figures add up to the rows. ``known``
is who was in the campaign before; ``enrolled`` is who is in it now and is written to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from outreachd.intake import GROUNDED
from outreachd.rules.contact_row import RowResult
from outreachd.rules.hygiene import Mark
from outreachd.rules.written import counted
from outreachd.store.contacts import NO_CONSENT_SENTENCE

# Shares of a list from which it is worth a word: who was asked is rarely one of these.
WARNED = {
    Mark.ROLE: (0.15, "belong to functions such as info@, not to persons"),
    Mark.FREE: (0.40, "are at free-mail providers"),
}
ANY_GROUND = "any that is true, such as legitimate_interest"
ENOUGH = 20  # rows that make a share mean something
LEFT_OUT = ("skipped", "suppressed", "duplicate", "refused")


@dataclass(slots=True)
class Tally:
    """What became of the rows so far."""

    words: Counter[str] = field(default_factory=Counter)
    # Why rows are held, skipped or known, by the sentence without its notes.
    why: dict[str, Counter[str]] = field(default_factory=dict)
    marks: Counter[str] = field(default_factory=Counter)  # of addresses

    @property
    def rows(self) -> int:
        """Tell how many rows there were."""
        return self.words.total()

    @property
    def enrolled(self) -> int:
        """Tell how many are in the campaign by this and will be written to."""
        return self.words["new"] + self.words["added"]

    def add(self, result: RowResult) -> None:
        """Count a row."""
        self.words[result.word] += 1
        self.marks.update(result.marks)
        if result.word in ("held", "skipped", "known"):
            reasons = self.why.setdefault(result.word, Counter())
            reasons[result.reason.partition(";")[0]] += 1

    def figures(self) -> dict[str, Any]:
        """Tell the figures; all but ``rows`` and ``new`` add up to ``rows``."""
        words = ("known", "held", *LEFT_OUT)
        return {
            "rows": self.rows,
            "enrolled": self.enrolled,
            **{word: self.words[word] for word in words},
            "new": self.words["new"],
            "held_because": self.why.get("held", {}),
            "skipped_because": self.why.get("skipped", {}),
            "marks": self.marks,
        }


def summary(
    campaign: str,
    tally: Tally,
    *,
    grounds: Sequence[str] | None = None,
    is_dry: bool = False,
    is_dns_away: bool = False,
) -> str:
    """Say what became of the rows; what was left out or waits stands out.

    ``grounds`` of consent that the campaign accepts; None = any.
    """
    words = tally.words
    told = f"{campaign}: {tally.enrolled} of {counted(tally.rows, 'row')} enrolled"
    if words["known"]:
        told += f", {words['known']} were enrolled already"
    if words["held"]:
        told += f", {words['held']} HELD"
    left_out = [f"{words[word]} {word}" for word in LEFT_OUT if words[word]]
    told += f"; LEFT OUT: {', '.join(left_out)}." if left_out else "."
    lines = [told]
    for reason, n in tally.why.get("held", Counter()).most_common():
        lines.append(f"  held, {n}: {reason}.")
    if held_for_consent(tally):
        taken = f"{campaign} accepts {', '.join(grounds)}" if grounds else ANY_GROUND
        lines.append(
            f"  No letter is written without a ground of consent ({taken}): say it in a"
            " column consent_basis, or for the whole file with --consent-basis."
        )
    if gained := tally.why.get("known", Counter())[GROUNDED]:
        lines.append(
            f"  {gained} of them have a ground of consent now: letters that wait for it"
            " go on with `outreachd release --reason no_consent`."
        )
    lines += _warnings(tally)
    if is_dns_away:
        lines.append(
            "  The DNS did not answer: domains were taken without asking where their"
            " mail goes."
        )
    if is_dry:
        lines.append("  This was a dry run: nothing was kept.")
    return "\n".join(lines)


def _warnings(tally: Tally) -> Iterator[str]:
    """Say what a list is made of, where that is unusual."""
    for mark, (share, what) in WARNED.items():
        if tally.rows >= ENOUGH and tally.marks[mark] > share * tally.rows:
            yield (
                f"  {tally.marks[mark] / tally.rows:.0%} of the addresses {what}: look"
                " where this list is from before you write to it."
            )


def held_for_consent(tally: Tally) -> int:
    """Tell how many wait because nothing says that they may be written to."""
    return tally.why.get("held", Counter())[NO_CONSENT_SENTENCE]
