"""The laws of handing a letter over, whatever the server does to it."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.model import Envelope, Permanence, Phase, Reply
from outreachd.rules.reply import judge
from outreachd.wire.smtp import SmtpSession, _stuffed
from tests.wire import server as scripted
from tests.wire.carrying import (
    ENVELOPE,
    LARGE,
    LETTER,
    carrier,
    route,
    send,
)
from tests.wire.server import Act, Letter, ScriptedServer, Then

GONE = [
    pytest.param(Act(then=Then.CLOSE), id="close"),
    pytest.param(Act(then=Then.RESET), id="reset"),
    pytest.param(Act(then=Then.HANG), id="silence"),
]


@pytest.fixture(autouse=True, params=["one-by-one", "two-at-once"])
def _offers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every law of this file holds whether or not the server offers PIPELINING."""
    if request.param == "two-at-once":
        usual = (*scripted.USUAL_OFFERS, "PIPELINING")
        monkeypatch.setattr(scripted, "USUAL_OFFERS", usual)


async def test_a_letter_arrives_byte_for_byte_over_one_warm_line() -> None:
    """What was handed in is what is kept: dots undone, nothing added, one line."""
    async with ScriptedServer() as server, carrier() as out:
        for _ in range(3):
            reply = await send(out, route(server))
            assert reply == Reply(Phase.DOT, 250, "2.0.0 queued")

        letter = Letter(ENVELOPE.sender, ENVELOPE.recipient, LETTER)
        assert server.accepted == [letter] * 3
        assert server.connections == 1
        assert server.commands[:2] == [
            "EHLO out.test",
            f"MAIL FROM:<{ENVELOPE.sender}> SIZE={len(LETTER)}",
        ]


async def test_a_large_letter_arrives_whole() -> None:
    """Seven megabytes go out in pieces and are the same bytes at the other end."""
    async with ScriptedServer() as server, carrier() as out:
        letter = b".\r\n" + LARGE + b"..\r\n"
        assert (await send(out, route(server), letter)).code == 250
        assert [kept.data for kept in server.accepted] == [letter]


async def test_a_letter_without_a_last_line_end_gets_one() -> None:
    """The dot must stand on a line of its own."""
    async with ScriptedServer() as server, carrier() as out:
        await send(out, route(server), b"Subject: x\r\n\r\n.")
        assert server.accepted[0].data == b"Subject: x\r\n\r\n.\r\n"


async def test_who_may_send_no_more_when_the_server_wants_it_breaks_off() -> None:
    """Process 62: frozen between DATA and 354; not a byte of the letter leaves."""
    async with ScriptedServer() as server, carrier() as out:
        session = await out.open(route(server), ENVELOPE, len(LETTER))
        assert not isinstance(session, Reply)
        reply = await session.deliver(LETTER, lambda: False)
        assert (reply.phase, reply.code) == (Phase.DATA, 0)
        assert judge(reply).permanence is Permanence.TEMPORARY
        assert (await send(out, route(server))).code == 250  # by another line
        assert len(server.accepted) == 1


LINES = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a.", b"a"]), max_size=8)


@given(LINES, st.booleans())
def test_no_line_of_a_letter_is_a_dot(lines: list[bytes], ended: bool) -> None:
    """S3: stuffed, no line is a lone dot; taking one leading dot off gives it back."""
    message = b"\r\n".join(lines) + (b"\r\n" if ended else b"")
    out = _stuffed(message).split(b"\r\n")
    assert b"." not in out
    back = b"\r\n".join(line.removeprefix(b".") for line in out)
    assert back == (message if message.endswith(b"\r\n") else message + b"\r\n")


@pytest.mark.parametrize("offers", [("SIZE 1000", "DSN"), ("SIZE 1000",)])
async def test_a_letter_is_named_where_the_server_tells_bounces_so(
    offers: tuple[str, ...],
) -> None:
    """ENVID and the headers back, only where DSN is offered (RFC 3461)."""
    named = Envelope("a@b.example", "bob@example.org", "token-1_x")
    async with ScriptedServer(offers=offers) as server, carrier() as out:
        for envelope in (named, Envelope("a@b.example", "bob@example.org")):
            assert (await send(out, route(server), envelope=envelope)).code == 250
    first, second = [line for line in server.commands if line.startswith("MAIL")]
    assert first.endswith(" RET=HDRS ENVID=token-1_x") == ("DSN" in offers)
    assert "ENVID" not in second


@pytest.mark.parametrize("bad", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\n"])
async def test_a_bare_line_end_is_refused_here(bad: bytes) -> None:
    """No letter can hide a second one: what is not CRLF does not leave."""
    async with ScriptedServer() as server, carrier() as out:
        reply = await send(out, route(server), b"Subject: x\r\n\r\na" + bad + b"b\r\n")
        assert (reply.phase, reply.code) == (Phase.DATA, 554)
        assert judge(reply).permanence is Permanence.PERMANENT
        assert server.count("DATA") == 0


@pytest.mark.parametrize(
    "address",
    [
        "a@b.c>\r\nRCPT TO:<x@y.z",
        "a b@c.d",
        "a@b.c> SIZE=1",
        "ü@b.c",
        "a@",
        "@b.c",
        "a",
    ],
)
async def test_no_address_can_carry_a_command(address: str) -> None:
    """What is not a plain ASCII address is refused here, in either place."""
    async with ScriptedServer() as server, carrier() as out:
        for envelope in (Envelope("a@b.c", address), Envelope(address, "a@b.c")):
            reply = await send(out, route(server), envelope=envelope)
            assert reply.code == 553
        assert server.connections == 0


@pytest.mark.parametrize("code", [451, 550])
async def test_mail_refused(code: int) -> None:
    """SMTP 7: MAIL 4xx and 5xx: the sender's trouble; the letter is not failed."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("MAIL", Act(b"%d no" % code))
        reply = await send(out, route(server))
        assert reply == Reply(Phase.MAIL, code, "no")
        assert judge(reply).permanence is Permanence.TEMPORARY
        assert server.accepted == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"550 5.1.1 no such user", "hard_no_user"),  # SMTP 8
        (b"450 4.2.0 Greylisted, come back", "soft_greylist"),  # SMTP 9
        (b"421 4.7.28 rate limit exceeded", "rate_limit"),  # SMTP 10
        (b"452 4.2.2 mailbox full", "soft_mailbox_full"),
        (b"552 5.2.2 over quota", "soft_mailbox_full"),
    ],
)
async def test_rcpt_refused(said: bytes, reason: str) -> None:
    """SMTP 8, 9, 10: RCPT refused: judged by words; DATA is never said."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("RCPT", Act(said), to=ENVELOPE.recipient)
        reply = await send(out, route(server))
        assert reply.phase is Phase.RCPT
        assert judge(reply).reason == reason
        assert server.count("DATA") == 0
        server.on("RCPT", Act(b"250 ok"), to=ENVELOPE.recipient)
        assert (await send(out, route(server))).code == 250


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize("act", GONE)
async def test_server_gone_in_the_envelope(verb: str, act: Act) -> None:
    """SMTP 11: closed, reset or silent after MAIL or RCPT: try again, 0 copies."""
    limit = {f"{verb.lower()}_s": 0.1}
    async with ScriptedServer() as server, carrier(**limit) as out:
        server.on(verb, act)
        reply = await send(out, route(server))
        assert (reply.phase, reply.code) == (Phase(verb.lower()), 0)
        assert judge(reply).permanence is Permanence.TEMPORARY
        assert server.accepted == []


@pytest.mark.parametrize("code", [451, 554])
async def test_data_refused(code: int) -> None:
    """SMTP 12: DATA refused is told apart from a refusal at the dot."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("DATA", Act(b"%d not now" % code))
        reply = await send(out, route(server))
        assert reply == Reply(Phase.DATA, code, "not now")
        assert server.accepted == []


async def test_data_answered_by_a_yes_is_no_acceptance() -> None:
    """SMTP 12: 250 instead of 354 is nonsense, and nothing was sent."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("DATA", Act(b"250 sure"))
        reply = await send(out, route(server))
        assert judge(reply).permanence is Permanence.TEMPORARY


@pytest.mark.parametrize("act", GONE)
async def test_server_gone_after_data(act: Act) -> None:
    """SMTP 13: DATA silent, closed, reset: surely not accepted, try again."""
    async with ScriptedServer() as server, carrier(data_s=0.1) as out:
        server.on("DATA", act)
        reply = await send(out, route(server))
        assert (reply.phase, reply.code) == (Phase.DATA, 0)
        assert server.accepted == []


@pytest.mark.parametrize("act", GONE)
async def test_server_gone_in_mid_letter(act: Act) -> None:
    """SMTP 14: closed, reset or stalled in the body: no dot, so surely no copy."""
    async with ScriptedServer() as server, carrier(stall_s=0.1) as out:
        server.on("BODY", act)
        reply = await send(out, route(server), LARGE)
        assert (reply.phase, reply.code) == (Phase.DATA, 0)
        assert judge(reply).permanence is Permanence.TEMPORARY
        assert server.accepted == []


async def test_a_word_in_mid_letter_breaks_it_off() -> None:
    """SMTP 14: a server that speaks during the body is not given the dot."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("BODY", Act(b"552 5.3.4 too much", then=Then.HANG))
        reply = await send(out, route(server), LARGE)
        assert (reply.phase, reply.code) == (Phase.DATA, 0)
        assert server.accepted == []


async def test_a_late_answer_counts_within_the_limit() -> None:
    """SMTP 15: the dot's own limit holds, not the shorter ones before it."""
    async with ScriptedServer() as server, carrier(data_s=0.5) as out:
        patience = asyncio.Event()
        server.on("DOT", Act(b"250 at last", after=patience))
        sending = asyncio.create_task(send(out, route(server)))
        await server.wait_for("DOT")
        loop = asyncio.get_running_loop()
        loop.call_later(0.6, patience.set)
        assert await sending == Reply(Phase.DOT, 250, "at last")


@pytest.mark.parametrize("act", GONE)
async def test_no_answer_after_the_dot_is_uncertain(act: Act) -> None:
    """SMTP 16, 17: silence, close, reset after the dot: nobody knows; one copy."""
    async with ScriptedServer() as server, carrier(dot_s=0.1) as out:
        server.on("DOT", act)
        reply = await send(out, route(server))
        assert (reply.phase, reply.code) == (Phase.DOT, 0)
        assert judge(reply).permanence is Permanence.UNKNOWN
        assert len(server.accepted) == 1


@pytest.mark.parametrize(
    "act",
    [
        Act(b"250 2.0.0 queued", bytewise=True),
        Act(b"250-2.0.0 queued\r\n250-as 42\r\n250 bye", bytewise=True),
        Act(b"251 elsewhere"),  # SMTP 19
        Act(b"200 fine"),
        Act(b"250"),
        Act(b"250 ok\n"),
    ],
)
async def test_every_yes_at_the_dot_is_an_acceptance(act: Act) -> None:
    """SMTP 18, 19: any 2xx, in one piece or byte by byte, and the line stays good."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("DOT", act)
        for _ in range(2):
            verdict = judge(await send(out, route(server)))
            assert verdict.permanence is Permanence.ACCEPTED
        assert server.connections == 1


@pytest.mark.parametrize(
    "said",
    [
        b"what?",
        b"\r\n",
        b"\0\0\0",
        b"caf\xe9 \xff",
        b"2500 ok",
        b"9" * 100_000,
        b"250-yes\r\n550 no",
        b"550-no\r\n250 yes",
        b"999 high",
        b"100 low",
    ],
)
async def test_garbage_after_the_dot_is_uncertain(said: bytes) -> None:
    """SMTP 20: unreadable, endless or contradictory: uncertain, text cleaned."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("DOT", Act(said))
        reply = await send(out, route(server))
        assert (reply.phase, reply.code) == (Phase.DOT, 0)
        assert len(reply.text) <= 512
        assert reply.text.isprintable()


async def test_a_dirty_yes_is_a_yes_with_clean_text() -> None:
    """SMTP 20: NUL and broken UTF-8 in the text of a 250 change only the text."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("DOT", Act(b"250 caf\xe9 \0 ok"))
        reply = await send(out, route(server))
        assert reply.code == 250
        assert reply.text.isprintable()


@pytest.mark.parametrize(
    ("act", "permanence"),
    [
        (Act(b"451 later"), Permanence.TEMPORARY),
        (Act(b"554 no"), Permanence.PERMANENT),
        (Act(b"421 bye", then=Then.CLOSE), Permanence.TEMPORARY),
    ],
)
async def test_a_refusal_at_the_dot(act: Act, permanence: Permanence) -> None:
    """SMTP 21: 451, 554, 421 and close: refused means refused; the next one goes."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("DOT", act, Act(b"250 ok"))
        assert judge(await send(out, route(server))).permanence is permanence
        assert (await send(out, route(server))).code == 250
        assert len(server.accepted) == 1


async def test_a_goodbye_behind_the_yes_ends_the_line() -> None:
    """SMTP 22: 250 and 421 in one segment: accepted; the line is not used again."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("DOT", Act(b"250 ok\r\n421 bye"))
        for _ in range(2):
            assert await send(out, route(server)) == Reply(Phase.DOT, 250, "ok")
        assert server.connections == 2


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
async def test_one_reply_too_many_stops_before_the_dot(verb: str) -> None:
    """SMTP 23: an extra reply, or a 250 ahead of its time, is never an acceptance."""
    async with ScriptedServer() as server, carrier() as out:
        right = {"CONNECT": b"220 hi", "DATA": b"354 go"}.get(verb, b"250 ok")
        server.on(verb, Act(right + b"\r\n250 2.0.0 queued\r\n"))
        reply = await send(out, route(server))
        assert reply.code == 0
        assert reply.phase is not Phase.DOT
        assert "out of turn" in reply.text
        assert server.accepted == []


async def test_a_letter_larger_than_announced_is_refused_here() -> None:
    """SMTP 24: SIZE 1000 and a larger letter: 552 of our own, nothing sent."""
    offers = ("SIZE 1000",)
    async with ScriptedServer(offers=offers) as server, carrier() as out:
        reply = await out.open(route(server), ENVELOPE, 1001)
        assert isinstance(reply, Reply)
        assert (reply.phase, reply.code) == (Phase.MAIL, 552)
        assert judge(reply).permanence is Permanence.PERMANENT
        assert server.count("MAIL") == 0
        assert (await send(out, route(server))).code == 250
        assert server.connections == 1


async def test_size_is_said_only_to_who_asked() -> None:
    """SMTP 24: no SIZE option without the extension; "SIZE" alone sets no limit."""
    async with ScriptedServer(offers=()) as server, carrier() as out:
        assert (await send(out, route(server))).code == 250
        assert server.commands[1] == f"MAIL FROM:<{ENVELOPE.sender}>"
    async with ScriptedServer(offers=("SIZE",)) as server, carrier() as out:
        assert (await send(out, route(server))).code == 250
        assert server.commands[1].endswith(f"> SIZE={len(LETTER)}")


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
async def test_cancelled_in_each_phase(verb: str) -> None:
    """SMTP 28: the line is cut and its place is free; nothing stands between lines."""
    async with ScriptedServer() as server, carrier() as out:
        server.on(verb, Act(then=Then.HANG), Act())
        way = route(server, max_connections=1)
        sending = asyncio.create_task(send(out, way))
        await server.wait_for(verb)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert out.statistics()[1].open == 0
        assert len(server.accepted) == (verb == "DOT")
        server.on(verb)
        assert (await send(out, way)).code == 250


async def test_an_abandoned_transaction_leaves_no_letter() -> None:
    """A refused intent cuts the line before DATA; the next letter gets a new one."""
    async with ScriptedServer() as server, carrier() as out:
        session = await out.open(route(server), ENVELOPE, len(LETTER))
        assert isinstance(session, SmtpSession)
        session.abandon()
        assert (await send(out, route(server))).code == 250
        assert len(server.accepted) == 1
        assert server.connections == 2
        assert server.count("RSET") == 0


async def test_nobody_listens() -> None:
    """SMTP 1: TCP refused: a reply of phase connect, to be tried again."""
    async with ScriptedServer() as server, carrier() as out:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            reply = await send(out, route(server, port=taken.getsockname()[1]))
    assert (reply.phase, reply.code) == (Phase.CONNECT, 0)
    assert "refused" in reply.text
    assert out.statistics()[1].open == 0
