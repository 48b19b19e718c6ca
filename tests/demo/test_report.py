"""The laws of the demo's report."""

from dataclasses import replace

from rich.console import Console

from outreachd.demo.judgement import Judgement, judge
from outreachd.demo.report import Figures, as_object, peak_rss_mb, show
from tests.demo.conftest import MONDAY, Played

FIGURES = Figures(simulated_s=40_000.0, day_s=50.0, real_s=56.0, peak_rss_mb=110.04)


def judged(day: Played) -> Judgement:
    """Judge the day as it was."""
    return judge(day.letters, day.roster, day.contacts, MONDAY, greylisted=0.02)


def told(found: Judgement, day: Played) -> str:
    """Print the report on 80 columns."""
    console = Console(width=80)
    with console.capture() as capture:
        show(found, day.roster, FIGURES, console)
    return capture.get()


async def test_the_object_has_exactly_the_promised_names(played: Played) -> None:
    """Scripts rely on them; numbers are numbers."""
    assert as_object(judged(played), played.roster, FIGURES) == {
        "mailboxes": 8,
        "domains": 4,
        "clients": 6,
        "letters": 60,
        "accepted": 60,
        "duplicates": 0,
        "missing": 0,
        "over_limit": 0,
        "simulated_hours": 11.11,
        "seconds": 56.0,
        "peak_rss_mb": 110.0,
    }


async def test_the_report_fits_the_page_and_says_what_next(played: Played) -> None:
    """80 columns, every client by name, the way to the first real letter."""
    text = told(judged(played), played)
    assert max(map(len, text.splitlines())) <= 80
    for client in played.roster.clients.values():
        assert client.name in text
    for words in ("60  accepted", "0  twice", "0  missing", "What next", "./run run"):
        assert words in text


async def test_faults_are_shown_and_nothing_is_recommended(played: Played) -> None:
    """After a bad day nobody is sent on; the first faults are named."""
    early = replace(played.letters[0], at=MONDAY.timestamp())
    played.letters[0] = early
    text = told(judged(played), played)
    assert "outside the workday" in text
    assert early.mailbox in text
    assert "What next" not in text


def test_the_memory_told_is_in_megabytes() -> None:
    """A Python with these libraries has tens of them, not thousands."""
    assert 10 < peak_rss_mb() < 10_000
