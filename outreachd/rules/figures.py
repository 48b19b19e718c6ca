"""What came of the letters of a time: counts, rates, and how far to believe them.

A figure is of one client, campaign, mailbox and so on. *Sent* is what a server took;
*delivered* only where something proves it; a bounce counts once a letter, at its worst
class. Rates are parts of what was sent; refused and bounced together are parts of what
was tried. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from csv import DictWriter
from enum import StrEnum
from io import StringIO

from msgspec import Struct
from msgspec.structs import asdict

from outreachd.rules.contact_row import FORMULA_STARTS
from outreachd.rules.interval import wilson


class By(StrEnum):
    """What figures are asked of."""

    CLIENT = "client"
    DIRECTION = "direction"
    CAMPAIGN = "campaign"
    STEP = "step"
    VARIANT = "variant"
    MAILBOX = "mailbox"
    DOMAIN = "domain"
    ACCOUNT = "account"


class Figure(Struct, frozen=True, kw_only=True):
    """Counts of one thing."""

    name: str
    sent: int  # a server took it
    refused: int  # for good, at once
    delivered: int  # something proves it arrived
    bounced_hard: int  # the address takes no letters
    bounced_block: int  # refused for who we are or what we say
    bounced_soft: int  # any other bounce
    complained: int
    answered: int
    opted_out: int

    @property
    def tried(self) -> int:
        """Letters that came to an end."""
        return self.sent + self.refused


class Rate(Struct, frozen=True):
    """A part, and the least and the largest that fit (95 %)."""

    rate: float
    low: float
    high: float


# Which counts have a rate, and of what.
OF_SENT = (
    "delivered",
    "bounced_hard",
    "bounced_block",
    "bounced_soft",
    "complained",
    "answered",
    "opted_out",
)
COUNTS = ("sent", "refused", *OF_SENT)


def rates(figure: Figure) -> dict[str, Rate]:
    """Tell the rates of a figure."""
    found = {name: _rate(getattr(figure, name), figure.sent) for name in OF_SENT}
    return {"refused": _rate(figure.refused, figure.tried), **found}


def total(figures: Sequence[Figure]) -> Figure:
    """Add figures up."""
    sums = {name: sum(getattr(one, name) for one in figures) for name in COUNTS}
    return Figure(name="all", **sums)


def csv_of(figures: Sequence[Figure]) -> str:
    """Write figures as CSV; a name that a spreadsheet would compute is made text."""
    file = StringIO(newline="")
    writer: DictWriter[str] | None = None
    for row in rows(figures):
        if writer is None:
            writer = DictWriter(file, list(row))
            writer.writeheader()
        name = str(row["name"])
        shown = f"'{name}" if name.startswith(FORMULA_STARTS) else name
        writer.writerow(row | {"name": shown})
    return file.getvalue()


def rows(figures: Sequence[Figure]) -> Iterator[dict[str, object]]:
    """Write figures as flat rows, for CSV and scripts."""
    for figure in figures:
        row: dict[str, object] = asdict(figure)
        for name, rate in rates(figure).items():
            row[f"{name}_rate"] = round(rate.rate, 6)
            row[f"{name}_low"] = round(rate.low, 6)
            row[f"{name}_high"] = round(rate.high, 6)
        yield row


def _rate(hits: int, of: int) -> Rate:
    low, high = wilson(hits, of)
    return Rate(hits / of if of else 0.0, low, high)
