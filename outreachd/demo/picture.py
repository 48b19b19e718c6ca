"""The live picture of the demo's day: on a terminal it moves, in a pipe it is lines.

Everything fits 80 columns and 24 lines. On a terminal the picture is drawn anew a few
times a second; elsewhere one line is printed for every hour of the virtual day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import zip_longest

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from outreachd.demo.fleet import CLOSES_MIN, OPENS_MIN
from outreachd.demo.moment import Moment, Outline
from outreachd.demo.places import PLACES, Place
from outreachd.rules.calendar import zone

BAR = "▏▎▍▌▋▊▉█"


class Picture:
    """Shows moments; ``showing`` makes it appear and leaves the terminal clean."""

    def __init__(self, outline: Outline, console: Console) -> None:
        self._outline = outline
        self._console = console
        self._live: Live | None = None
        self._told: datetime | None = None  # the hour of the newest line

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Draw for as long as the block runs, if anybody looks."""
        if not self._console.is_terminal:
            yield
            return
        self._live = Live(
            console=self._console, auto_refresh=False, transient=True, screen=False
        )
        with self._live:
            yield
        self._live = None

    def show(self, moment: Moment) -> None:
        """Show a moment."""
        if self._live:
            self._live.update(draw(moment, self._outline), refresh=True)
            return
        hour = moment.now.replace(minute=0, second=0, microsecond=0)
        if hour != self._told:
            self._told = hour
            told = line(moment, self._outline)
            self._console.print(told, highlight=False, soft_wrap=True)


def line(moment: Moment, outline: Outline) -> str:
    """Say in a line how far the day is."""
    clients = ", ".join(f"{name} {n}" for name, n in sorted(moment.by_client.items()))
    told = f"{moment.now:%H:%M} UTC  {moment.letters} of {outline.letters} accepted"
    return f"{told}  ({clients})" if clients else told


def draw(moment: Moment, outline: Outline) -> RenderableType:
    """Draw the whole picture."""
    return Group(
        _head(moment, outline),
        _clients(moment, outline),
        Text(),
        _domains(moment, outline.caps),
        Text(),
        _foot(moment, outline),
    )


def _head(moment: Moment, outline: Outline) -> Text:
    done = moment.letters / outline.letters if outline.letters else 1.0
    head = Text()
    head.append(f" {moment.now:%A %H:%M} UTC ", style="bold reverse")
    head.append(f"  {moment.letters:>6,} ".replace(",", " "), style="bold green")
    head.append(f"of {outline.letters:,} letters accepted  ".replace(",", " "))
    head.append(bar(done, 16).ljust(16), style="green")
    head.append(f"  {moment.real_s:3.0f} s", style="dim")
    return head


def _clients(moment: Moment, outline: Outline) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, letters in outline.by_client.items():
        sent = moment.by_client[name]
        table.add_row(
            Text(f" {name}", style="cyan"),
            Text(bar(sent / letters if letters else 0.0, 40).ljust(40), style="cyan"),
            Text(f"{sent:>5} of {letters}", style="" if sent < letters else "dim"),
        )
    return table


def _domains(moment: Moment, caps: Mapping[str, int]) -> Table:
    """Draw how full each domain's day is, a column a city.

    The few in another colour warm up: theirs is a smaller day.
    """
    table = Table.grid(padding=(0, 2))
    columns = [
        [name for name in caps if name.split(".")[1] == place.city] for place in PLACES
    ]
    table.add_row(*(_city(place, moment.now) for place in PLACES))
    usual = max(caps.values(), default=0)
    for names in zip_longest(*columns):
        table.add_row(
            *(
                _domain(name, moment.by_domain[name], caps[name], caps[name] < usual)
                if name
                else ""
                for name in names
            )
        )
    return table


def _city(place: Place, now: datetime) -> Text:
    local = now.astimezone(zone(place.zones[0]))
    is_open = OPENS_MIN <= local.hour * 60 + local.minute < CLOSES_MIN
    title = Text(f" {place.city} ", style="bold")
    return title.append(f"{local:%H:%M}", style="green" if is_open else "dim")


def _domain(name: str, sent: int, cap: int, warms: bool) -> Text:
    cell = Text(" ").append(name.split(".")[0], style="dim").append(" ")
    filled = bar(sent / cap, 6).ljust(6)
    cell.append(filled, style="yellow" if warms else "blue")
    return cell.append(f"{sent:>4}")


def _foot(moment: Moment, outline: Outline) -> Text:
    status = moment.status
    boxes, sends = status.get("mailboxes", {}), status.get("sends", {})
    foot = Text().append(" mailboxes  ", style="bold")
    foot.append(f"{boxes.get('well', 0)} well", style="green")
    resting = boxes.get("resting", 0)
    foot.append(f"   {resting} resting", style="red" if resting else "dim")
    foot.append(f"   {len(moment.writers)} of {outline.mailboxes} have written today\n")
    foot.append(" queue      ", style="bold")
    waiting, due = sends.get("scheduled", 0), status.get("due", 0)
    foot.append(f"{due} due   {waiting - due} told to come back later")
    foot.append(f"   {sends.get('uncertain', 0)} uncertain")
    foot.append(f"   {sends.get('held', 0)} held")
    return foot


def bar(part: float, width: int) -> str:
    """Draw a bar of eighths of a character."""
    eighths = round(min(max(part, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    return BAR[-1] * full + (BAR[rest - 1] if rest else "")
