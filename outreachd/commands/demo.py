"""``outreachd demo``: a fleet sends through a working day, on this machine only.

Sets the stage, lets the day pass, reads the SMTP server's log, tells. With --keep all
stays up on the real clock until Ctrl-C. Exit 0 only if every letter was accepted once
and within every limit. Whenever it ends, nothing that it started is left behind.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from rich.console import Console

from outreachd import logs
from outreachd.clock import RealClock
from outreachd.commands.base import (
    FailedError,
    MisusedError,
    execute,
    json_option,
    show_json,
)
from outreachd.daemon import Daemon
from outreachd.demo import report
from outreachd.demo.book import read
from outreachd.demo.day import DayError, last_monday, live, running
from outreachd.demo.judgement import Judgement, judge
from outreachd.demo.moment import Outline
from outreachd.demo.people import TooManyError, usual_contacts
from outreachd.demo.picture import Picture
from outreachd.demo.stage import GREYLISTED, SinkError, Size, Stage, stage
from outreachd.rules.warmup import daily_allowance

REPORT_WIDTH = 80
TELL_TIME_S = 0.05


@click.command(
    "demo", help="A fleet sends through a working day, on this machine only."
)
@click.option(
    "--mailboxes", type=click.IntRange(4, 12_000), default=1200, show_default=True
)
@click.option(
    "--contacts", type=click.IntRange(1), help="20000, or what the mailboxes can do."
)
@click.option("--seed", default=1, show_default=True, help="Other people, same fleet.")
@click.option("--keep", is_flag=True, help="Leave it running, until Ctrl-C.")
@json_option
def command(
    mailboxes: int, contacts: int | None, seed: int, keep: bool, as_json: bool
) -> None:
    """Run the demo."""
    size = Size(
        mailboxes=mailboxes,
        contacts=contacts or usual_contacts(mailboxes),
        seed=seed,
    )
    execute(demo(size, keep=keep, as_json=as_json))


async def demo(size: Size, *, keep: bool, as_json: bool) -> None:
    """Play the day, tell of it, and stay if asked to."""
    with interruptible() as is_interrupted:
        try:
            is_faultless = await _play(size, keep, as_json)
        except asyncio.CancelledError:
            if not is_interrupted():
                raise
            raise FailedError("interrupted; nothing is left running.") from None
        except TooManyError as error:
            raise MisusedError(f"{error}.") from None
        except (DayError, SinkError) as error:
            raise FailedError(str(error)) from None
    if not is_faultless:
        raise FailedError("the day had faults: see the figures above.")


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Let SIGINT and SIGTERM cancel this task once; clearing up is not interrupted."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    interrupted = asyncio.Event()

    def stop() -> None:
        if not interrupted.is_set():
            interrupted.set()
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield interrupted.is_set
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _play(size: Size, keep: bool, as_json: bool) -> bool:
    house, talk = RealClock(), Console(stderr=True)
    began, begins = house.monotonic(), last_monday(house.now())
    with talk.status("setting the stage ...") as spinner:

        def tell(what: str) -> None:
            spinner.update(f"setting the stage: {what} ...")

        async with stage(size, begins, tell) as scene:
            spinner.stop()
            with _logging_to(scene.home / "daemon.log"):
                picture = Picture(outline(scene), talk)
                with picture.showing():
                    last = await live(scene, picture.show)
                found = _judged(scene)
                figures = report.Figures(
                    simulated_s=found.last - scene.started_at.timestamp(),
                    day_s=last.real_s,
                    real_s=house.monotonic() - began,
                    peak_rss_mb=report.peak_rss_mb(),
                )
                _tell(found, scene, figures, as_json)
                if keep:
                    await _keep(scene, talk)
    return found.is_faultless


@contextmanager
def _logging_to(file: Path) -> Iterator[None]:
    """Keep the daemon's log out of the picture."""
    with ExitStack() as stack:
        stream = stack.enter_context(file.open("wb", buffering=0))
        stack.callback(logs.configure("warning", "console", lambda: None, stream))
        yield


def outline(scene: Stage) -> Outline:
    """Tell what stays the same all day."""
    roster, by_client = scene.roster, dict[str, int]()
    for campaign in roster.campaigns.values():
        name = roster.clients[campaign.client_id].name
        letters = len(scene.contacts[campaign.name])
        by_client[name] = by_client.get(name, 0) + letters
    return Outline(
        letters=sum(by_client.values()),
        mailboxes=len(roster.mailboxes),
        by_client=by_client,
        caps={
            domain.name: daily_allowance(domain.daily_limit, domain.ramp, 0)
            for domain in roster.domains.values()
        },
    )


def _judged(scene: Stage) -> Judgement:
    letters = list(read(scene.log))
    return judge(letters, scene.roster, scene.contacts, scene.started_at, GREYLISTED)


def _tell(
    found: Judgement, scene: Stage, figures: report.Figures, as_json: bool
) -> None:
    if as_json:
        show_json(report.as_object(found, scene.roster, figures))
    else:
        report.show(found, scene.roster, figures, Console(width=REPORT_WIDTH))


async def _keep(scene: Stage, talk: Console) -> None:
    """Leave a daemon on the real clock, until we are interrupted."""
    clock = RealClock()
    daemon = Daemon(scene.settings, scene.dsn, scene.token, clock)
    try:
        async with running(daemon, clock) as ended:
            is_told = False
            while not ended.done():
                if daemon.address is not None and not is_told:
                    talk.print(_directions(scene), highlight=False, soft_wrap=True)
                    is_told = True
                scene.time.tell(clock.now().timestamp())
                await clock.sleep(TELL_TIME_S)
    except asyncio.CancelledError:
        talk.print("ended; nothing is left running.")


def _directions(scene: Stage) -> str:
    return (
        f" It stays, on the real clock, until Ctrl-C.\n"
        f"   status address   http://{scene.address}/v1/status\n"
        f"   its token        {scene.token_file}\n"
        f"   any other verb   ./run status --config {scene.settings_file}\n"
        f"   the server's log {scene.log}\n"
    )
