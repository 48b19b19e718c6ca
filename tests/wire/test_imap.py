"""The laws of reading mailboxes: nothing marked, little believed, no one waited for."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import date

import pytest

from outreachd.rules.model import Auth, Tls
from outreachd.rules.sources import MailboxAwayError, Mark, Result
from outreachd.wire.imap import ImapLimits
from outreachd.wire.imap_client import MAX_MAIL
from tests.wire.imap_servers import (
    MAIL,
    SECRET,
    drop,
    hang,
    post,
    pymap,
    saying,
    scripted,
    source,
)

LONG_AGO = date(2000, 1, 1)


async def test_a_mail_is_read_whole_and_a_person_sees_nothing_of_it() -> None:
    r"""BODY.PEEK and EXAMINE: what was unread stays so, also not \\Recent is taken."""
    async with pymap() as server, post() as way:
        await server.append(MAIL)
        before = await server.flags()
        visit = await way.visit(source(server.port), SECRET)
        look = await visit.look("INBOX", None, LONG_AGO)
        assert look is not None
        assert [await visit.fetch(uid) for uid in look.uids] == [MAIL]
        await visit.leave()
        after = await server.flags()
    assert b"\\Seen" not in b"".join(after)
    assert before == after


async def test_only_what_is_behind_the_bookmark_is_new() -> None:
    """UIDs grow: the second look finds what came after the first, and nothing twice."""
    async with pymap() as server, post() as way:
        await server.append(MAIL)
        visit = await way.visit(source(server.port), SECRET)
        first = await visit.look("INBOX", None, LONG_AGO)
        assert first is not None
        mark = Mark(first.validity, first.uids[-1])
        again = await visit.look("INBOX", mark, LONG_AGO)
        assert again is not None
        assert again.uids == []
        await server.append(MAIL + b"Two.\r\n")
        more = await visit.look("INBOX", mark, LONG_AGO)
        assert more is not None
        assert [await visit.fetch(uid) for uid in more.uids] == [MAIL + b"Two.\r\n"]
        await visit.leave()


async def test_a_folder_that_is_not_there_is_no_fault() -> None:
    """Many servers name the folder for junk otherwise, or have none."""
    async with pymap() as server, post() as way:
        visit = await way.visit(source(server.port), SECRET)
        assert await visit.look("Junk", None, LONG_AGO) is None
        assert await visit.look("INBOX", None, LONG_AGO) is not None
        await visit.leave()


async def test_the_folder_for_junk_is_found_by_its_mark() -> None:
    r"""RFC 6154: "[Gmail]/Spam" is marked \\Junk."""
    async with scripted() as server, post() as way:
        server.answers["LIST"] = saying(
            r'* LIST (\HasNoChildren \Junk) "/" "[Gmail]/Spam"'
        )
        visit = await way.visit(source(server.port), SECRET)
        assert await visit.look("Junk", None, LONG_AGO) is not None
        assert server.last("EXAMINE") == 'EXAMINE "[Gmail]/Spam"'
        await visit.leave()


async def test_a_token_is_shown_as_one() -> None:
    """XOAUTH2 with the access token, in one round; the password is no part of it."""
    async with scripted() as server, post() as way:
        server.answers["AUTHENTICATE XOAUTH2"] = _take_token
        visit = await way.visit(source(server.port, auth=Auth.XOAUTH2), "ya29.x")
        await visit.leave()


async def _take_token(talk: object, tag: str, command: str) -> bool:
    talk.say("+ ")  # type: ignore[attr-defined]
    await talk.reader.readline()  # type: ignore[attr-defined]
    talk.say(f"{tag} OK welcome")  # type: ignore[attr-defined]
    return True


async def test_a_refused_login_is_told_without_the_secret() -> None:
    """The server may repeat what it was told; we do not."""
    async with scripted() as server, post() as way:
        server.answers["LOGIN"] = saying(end=f"NO [AUTHENTICATIONFAILED] not {SECRET}")
        with pytest.raises(MailboxAwayError) as caught:
            await way.visit(source(server.port), SECRET)
    assert caught.value.result is Result.REFUSED
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("words", ["[UNAVAILABLE] later", "Too many connections"])
async def test_a_server_that_is_busy_has_not_refused_the_login(words: str) -> None:
    """RFC 5530: a login that may be tried again soon is no wrong password."""
    async with scripted() as server, post() as way:
        server.answers["LOGIN"] = saying(end=f"NO {words}")
        with pytest.raises(MailboxAwayError) as caught:
            await way.visit(source(server.port), SECRET)
    assert caught.value.result is Result.LOST


@pytest.mark.parametrize(
    ("command", "limits"),
    [
        ("LOGIN", ImapLimits(login_s=1.0)),
        ("EXAMINE", ImapLimits(look_s=1.0)),
        ("UID SEARCH", ImapLimits(look_s=1.0)),
        ("UID FETCH", ImapLimits(fetch_s=1.0)),
    ],
)
async def test_a_server_that_hangs_is_cut_at_the_limit(
    command: str, limits: ImapLimits
) -> None:
    """At each step its own limit holds and the thread comes back to the pool."""
    async with (
        scripted(mails={1: MAIL}) as server,
        post(limits=limits, threads=1) as way,
    ):
        server.answers[command] = hang
        with pytest.raises(MailboxAwayError) as caught:
            await _read_all(way, server.port)
        assert caught.value.result is Result.LATE
        server.answers.clear()
        assert await _read_all(way, server.port) == [MAIL]


@pytest.mark.parametrize("command", ["LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH"])
async def test_a_server_that_hangs_up_is_said_to_be_lost(command: str) -> None:
    """A connection that breaks is tried again later and breaks nothing else."""
    async with scripted(mails={1: MAIL}) as server, post() as way:
        server.answers[command] = drop
        with pytest.raises(MailboxAwayError) as caught:
            await _read_all(way, server.port)
        assert caught.value.result in (Result.LOST, Result.REFUSED)


@pytest.mark.parametrize(
    "lines",
    [
        ["* SEARCH one two"],
        ["* SEARCH 99999999999999999999999"],
        ["what is IMAP?"],
        ["* 1 FETCH (UID x BODY[] {5}", "abc"],
        ["* SEARCH " + "1 " * 600_000],
        ["\x00\xff" * 50],
        ["* 1 FETCH (BODY[] {100000000}", "abc"],
    ],
)
async def test_nonsense_is_a_fault_or_no_mail(lines: list[str]) -> None:
    """A server that lies about UIDs, sizes or its language costs its own visit only."""
    async with scripted() as server, post(limits=ImapLimits(look_s=0.3)) as way:
        server.answers["UID SEARCH"] = saying(*lines)
        result = None
        try:
            assert await _read_all(way, server.port) == []
        except MailboxAwayError as error:
            result = error.result
    assert result in (None, Result.GARBLED, Result.LATE, Result.LOST)


async def test_a_mail_without_end_is_not_taken() -> None:
    """A literal larger than was asked for ends the connection before it is read."""
    async with scripted(mails={1: b"x" * (MAX_MAIL + 10_000)}) as server, post() as way:
        with pytest.raises(MailboxAwayError) as caught:
            await _read_all(way, server.port)
    assert caught.value.result is Result.GARBLED


async def test_no_more_of_a_mail_is_asked_for_than_is_read() -> None:
    """The beginning of a large mail comes; its rest never crosses the line."""
    large = MAIL + b"x" * (MAX_MAIL * 2)
    async with pymap() as server, post() as way:
        await server.append(large)
        [raw] = await _read_all(way, server.port)
    assert raw == large[:MAX_MAIL]


async def test_a_mail_that_was_not_asked_for_is_not_believed() -> None:
    """A server that answers with another UID has answered nothing."""
    async with scripted(mails={1: MAIL}) as server, post() as way:
        server.answers["UID FETCH"] = saying("* 1 FETCH (UID 2 BODY[]<0> {2}", "ab)")
        assert await _read_all(way, server.port) == [None]


async def test_uids_that_go_back_make_us_look_again() -> None:
    """UIDNEXT at or before our bookmark: what we know of this folder is void."""
    async with scripted(mails={3: MAIL}, next_uid=4) as server, post() as way:
        visit = await way.visit(source(server.port), SECRET)
        look = await visit.look("INBOX", Mark(7, 9), LONG_AGO)
        assert look is not None
        assert (look.uids, look.rest) == ([3], Mark(7, 3))
        assert "SINCE" in server.last("UID SEARCH")
        await visit.leave()


async def test_a_reader_that_is_cancelled_leaves_no_thread_behind() -> None:
    """A drain does not wait for servers."""
    async with scripted() as server, post() as way:
        server.answers["EXAMINE"] = server.hang_on_it
        visit = await way.visit(source(server.port), SECRET)
        looking = asyncio.create_task(visit.look("INBOX", None, LONG_AGO))
        await server.was_asked.wait()
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
    busy = [t for t in threading.enumerate() if t.name.startswith("imap")]
    for thread in busy:
        await asyncio.to_thread(thread.join, 90)
        assert not thread.is_alive()


async def test_a_catch_all_is_told_of_mail_at_once() -> None:
    """IDLE: the wait ends when a mail comes, not when its time is over."""
    async with pymap() as server, post() as way:
        visit = await way.visit(source(server.port, key=("inbox", 1)), SECRET)
        assert visit.can_wait
        look = await visit.look("INBOX", None, LONG_AGO)
        assert look is not None
        waiting = asyncio.create_task(visit.wait_for_mail(60.0))
        await server.append(MAIL)
        assert await waiting
        found = await visit.look("INBOX", look.rest, LONG_AGO)
        assert found is not None
        assert len(found.uids) == 1
        await visit.leave()


async def test_a_host_that_is_not_there_is_unreachable() -> None:
    """Said with a sentence, and no thread was used for it."""
    async with scripted() as server, post() as way:
        port = server.port
    with pytest.raises(MailboxAwayError) as caught:
        await way.visit(source(port), SECRET)
    assert caught.value.result is Result.UNREACHABLE


async def test_a_certificate_that_does_not_fit_ends_it_before_the_login() -> None:
    """No password leaves this machine but inside TLS that is checked."""
    async with scripted() as server, post() as way:
        one = source(server.port)
        imap = replace(one.imap, tls=Tls.IMPLICIT)
        with pytest.raises(MailboxAwayError) as caught:
            await way.visit(replace(one, imap=imap), SECRET)
        assert caught.value.result in (Result.UNREACHABLE, Result.LATE, Result.LOST)
        assert not any("LOGIN" in said for said in server.heard)


async def _read_all(way: object, port: int) -> list[bytes | None]:
    visit = await way.visit(source(port), SECRET)  # type: ignore[attr-defined]
    try:
        look = await visit.look("INBOX", None, LONG_AGO)
        mails = [await visit.fetch(uid) for uid in look.uids]
        await visit.leave()
        return mails
    finally:
        visit.cut()
