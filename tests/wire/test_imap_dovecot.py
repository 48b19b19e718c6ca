"""Reading against Dovecot: TLS, XOAUTH2, IDLE; a longer test, where it is installed."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from outreachd.rules.model import Auth, Tls
from outreachd.rules.sources import MailboxAwayError, Result, Source
from outreachd.wire.tls import client_context
from tests.bench.dovecot import PASSWORD, Dovecot, dovecot, token
from tests.wire.imap_servers import MAIL, post, source

LONG_AGO = date(2000, 1, 1)
IS_MISSING = shutil.which("dovecot", path="/usr/sbin:/usr/bin") is None

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(IS_MISSING, reason="apt install dovecot-imapd"),
    pytest.mark.skipif(os.getuid() != 0, reason="Dovecot must read as another user"),
]


@pytest.fixture
def server() -> Iterator[Dovecot]:
    """Start Dovecot with one mail for ann."""
    with dovecot() as running:
        running.lay("ann", "1.new", MAIL)
        running.settle()
        yield running


def ann(server: Dovecot, auth: Auth, **changes: object) -> Source:
    """Say where ann's mail is."""
    one = source(server.port, username="ann", auth=auth, **changes)
    imap = replace(one.imap, host="localhost", tls=Tls.IMPLICIT)
    return replace(one, imap=imap)


@pytest.mark.parametrize("auth", list(Auth))
async def test_mail_is_read_by_password_and_by_token(
    server: Dovecot, auth: Auth
) -> None:
    """Whole, over TLS that is checked; it stays new for the person."""
    secret = token("ann") if auth is Auth.XOAUTH2 else PASSWORD
    tls = client_context(server.authority)
    async with post(tls) as way:
        visit = await way.visit(ann(server, auth), secret)
        look = await visit.look("INBOX", None, LONG_AGO)
        assert look is not None
        assert [await visit.fetch(uid) for uid in look.uids] == [MAIL]
        await visit.leave()
    [kept] = (server.root / "mail" / "ann").glob("*/*new*")
    assert "S" not in kept.name.partition(":2,")[2]


async def test_a_bad_token_is_refused_at_once(server: Dovecot) -> None:
    """No time-out, no second try, and no token in what is said."""
    bad = token("ann", b"x" * 32)
    async with post(client_context(server.authority)) as way:
        with pytest.raises(MailboxAwayError) as caught:
            await way.visit(ann(server, Auth.XOAUTH2), bad)
    assert caught.value.result is Result.REFUSED
    assert bad not in str(caught.value)


async def test_a_catch_all_hears_of_mail_at_once(server: Dovecot) -> None:
    """IDLE over TLS."""
    async with post(client_context(server.authority)) as way:
        one = ann(server, Auth.PASSWORD, key=("inbox", 1))
        visit = await way.visit(one, PASSWORD)
        await visit.look("INBOX", None, LONG_AGO)
        waiting = asyncio.create_task(visit.wait_for_mail(20.0))
        server.lay("ann", "2.new", MAIL)
        server.settle()
        assert await waiting
        await visit.leave()


async def test_an_unknown_authority_gets_no_password(server: Dovecot) -> None:
    """The system's authorities do not vouch for it: nothing is said to it."""
    async with post() as way:
        with pytest.raises(MailboxAwayError, match="TLS") as caught:
            await way.visit(ann(server, Auth.PASSWORD), PASSWORD)
    assert caught.value.result is Result.UNREACHABLE
