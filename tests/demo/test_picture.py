"""The laws of the live picture."""

import io
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from outreachd.demo.fleet import ACCOUNTS, build_fleet
from outreachd.demo.moment import Moment, Outline
from outreachd.demo.picture import Picture, bar, draw, line
from outreachd.rules.model import Kind

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DOMAINS = list(build_fleet(1200, dict.fromkeys(ACCOUNTS, 25)).things[Kind.DOMAIN])
OUTLINE = Outline(
    letters=20_000,
    mailboxes=1200,
    by_client={f"client{i}": 4000 for i in range(5)} | {"albatros": 0},
    caps={name: 600 if i % 10 else 200 for i, name in enumerate(DOMAINS)},
)
FULL = Moment(
    NOW,
    real_s=119.0,
    letters=20_000,
    by_client=Counter(dict.fromkeys(OUTLINE.by_client, 4000)),
    by_domain=Counter(OUTLINE.caps),
    writers=set(DOMAINS),
    status={
        "mailboxes": {"well": 1100, "resting": 100},
        "sends": {"scheduled": 12_000, "uncertain": 10, "held": 300},
        "due": 11_000,
    },
)


def drawn(moment: Moment) -> str:
    """Draw on a terminal of 80 columns."""
    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    with console.capture() as capture:
        console.print(draw(moment, OUTLINE))
    return capture.get()


@pytest.mark.parametrize("moment", [Moment(NOW), FULL])
def test_the_picture_fits_the_smallest_terminal(moment: Moment) -> None:
    """24 lines of 80 columns, empty and full."""
    lines = drawn(moment).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_the_picture_shows_all_that_is_asked_of_it() -> None:
    """Sends by client, domains filling up, mailboxes by health, the queue."""
    text = drawn(FULL)
    for words in ("20 000 of 20 000", "4000 of 4000", "1100 well", "100 resting"):
        assert words in text
    for words in ("11000 due", "1000 told to come back", "10 uncertain", "300 held"):
        assert words in text
    assert all(name.split(".")[0] in text for name in DOMAINS)
    assert "berlin 10:30" in text


@pytest.mark.parametrize(
    ("part", "width", "full"), [(0.0, 4, ""), (0.5, 4, "██"), (1.0, 3, "███")]
)
def test_a_bar_is_as_long_as_its_part(part: float, width: int, full: str) -> None:
    """Nothing is nothing, all is the whole width, too much is no more."""
    assert bar(part, width) == full
    assert bar(part + 7, width) == "█" * width


def test_in_a_pipe_there_is_a_line_an_hour() -> None:
    """No control characters, and no more lines than hours."""
    out = io.StringIO()
    picture = Picture(OUTLINE, Console(file=out, width=80))
    with picture.showing():
        for minutes in range(0, 180, 5):
            picture.show(Moment(NOW + timedelta(minutes=minutes), letters=minutes))
    lines = out.getvalue().splitlines()
    assert [text[:9] for text in lines] == [
        "09:30 UTC",
        "10:00 UTC",
        "11:00 UTC",
        "12:00 UTC",
    ]
    assert "\x1b" not in out.getvalue()


def test_on_a_terminal_the_picture_goes_when_the_day_is_over() -> None:
    """What stays is the report; the cursor comes back."""
    out = io.StringIO()
    console = Console(file=out, width=80, height=24, force_terminal=True)
    picture = Picture(OUTLINE, console)
    with picture.showing():
        picture.show(FULL)
        assert "20 000" in out.getvalue()
    assert out.getvalue().count("\x1b[?25h") == 1


def test_a_line_names_the_clients_that_have_sent() -> None:
    """Before the first letter there is nobody to name."""
    assert line(Moment(NOW), OUTLINE) == "09:30 UTC  0 of 20000 accepted"
    told = line(Moment(NOW, letters=3, by_client=Counter(b=2, a=1)), OUTLINE)
    assert told == "09:30 UTC  3 of 20000 accepted  (a 1, b 2)"
