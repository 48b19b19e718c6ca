"""The laws of opening a line: what the settings ask for is demanded, never tried."""

from __future__ import annotations

import base64
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from outreachd.clock import RealClock
from outreachd.rules.model import Phase, Reply, Tls
from outreachd.rules.reply import judge
from outreachd.wire.smtp import SmtpCarrier
from tests.wire.carrying import ENVELOPE, LARGE, LETTER, carrier, route, send
from tests.wire.server import Act, ScriptedServer, Then

PASSWORD = "correct-horse-battery-staple-and-more-of-it"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def context(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(made)
    return made


def served(tls: Tls, secure: ssl.SSLContext) -> ScriptedServer:
    if tls is Tls.STARTTLS:
        return ScriptedServer(starttls=secure)
    return ScriptedServer(implicit=secure)


def secret(server: ScriptedServer) -> bool:
    """Tell whether anything of a login or a letter was said in the clear."""
    return any(server.count(verb) for verb in ("AUTH", "MAIL", "RCPT", "DATA"))


# --- before TLS -----------------------------------------------------------------


async def test_no_greeting() -> None:
    """SMTP 3: a greeting that never comes is waited for as long as allowed."""
    async with ScriptedServer() as server, carrier(greeting_s=0.1) as out:
        server.on("CONNECT", Act(then=Then.HANG))
        reply = await send(out, route(server))
        assert reply == Reply(Phase.GREETING, 0, "no answer within 0.1 s")


@pytest.mark.parametrize("code", [421, 554])
async def test_an_unfriendly_greeting(code: int) -> None:
    """SMTP 4: 554 and 421 in greeting: told with their phase; tried again later."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("CONNECT", Act(b"%d go away" % code), Act(b"220 hi"))
        assert await send(out, route(server)) == Reply(Phase.GREETING, code, "go away")
        assert (await send(out, route(server))).code == 250


async def test_helo_is_tried_where_nothing_needs_ehlo() -> None:
    """SMTP 5: EHLO unknown, no TLS and no login asked for: HELO will do."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("EHLO", Act(b"502 what?"))
        assert (await send(out, route(server))).code == 250
        assert server.count("HELO") == 1


@pytest.mark.parametrize("changes", [{"tls": Tls.STARTTLS}, {"username": "ann"}])
async def test_helo_is_not_tried_where_ehlo_is_needed(changes: object) -> None:
    """SMTP 5: without EHLO there is neither STARTTLS nor AUTH, so the try ends."""
    assert isinstance(changes, dict)
    async with ScriptedServer() as server, carrier() as out:
        server.on("EHLO", Act(b"502 what?"))
        reply = await send(out, route(server, **changes))
        assert reply == Reply(Phase.EHLO, 502, "what?")
        assert server.commands == ["EHLO out.test"]


@pytest.mark.parametrize("said", [b"250-x\r\n" * 200_000, b"250-" + b"x" * 10_000_000])
async def test_an_endless_ehlo_reply_is_cut_off(said: bytes) -> None:
    """SMTP 6: ten megabytes of EHLO reply cost neither memory nor the loop."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("EHLO", Act(said))
        reply = await send(out, route(server))
        assert (reply.phase, reply.code) == (Phase.EHLO, 0)


# --- TLS --------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_a_letter_goes_over_tls(
    tls: Tls, authority: trustme.CA, ca_file: Path
) -> None:
    """Both ways of TLS carry a letter, and the keywords are asked for again inside."""
    secure = context(authority)
    server = served(tls, secure)
    async with server, carrier(ca_file=ca_file) as out:
        way = route(server, tls=tls, username="ann")
        for _ in range(2):
            assert (await send(out, way)).code == 250
        assert server.accepted[1].data == LETTER
        assert server.count("EHLO") == 1 + (tls is Tls.STARTTLS)
        assert server.connections == 1


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
@pytest.mark.parametrize("stalls", [False, True])
async def test_a_large_letter_over_tls(
    tls: Tls, stalls: bool, authority: trustme.CA, ca_file: Path
) -> None:
    """SMTP 14: pieces and their stall limit work under TLS as without."""
    server = served(tls, context(authority))
    stall_s = 0.3 if stalls else 60
    async with server, carrier(stall_s=stall_s, ca_file=ca_file) as out:
        server.on("BODY", Act(then=Then.HANG if stalls else Then.GO_ON))
        reply = await send(out, route(server, tls=tls), LARGE)
        if stalls:
            assert (reply.phase, reply.code) == (Phase.DATA, 0)
            assert server.accepted == []
        else:
            assert reply.code == 250
            assert server.accepted[0].data == LARGE


async def test_starttls_not_offered() -> None:
    """TLS 29: STARTTLS stripped: no login and no letter, and a text that says why."""
    async with ScriptedServer() as server, carrier() as out:
        way = route(server, tls=Tls.STARTTLS, username="ann")
        reply = await send(out, way)
        assert (reply.phase, reply.code) == (Phase.TLS, 0)
        assert "does not offer STARTTLS" in reply.text
        assert judge(reply).reason == "tls"
        assert not secret(server)


async def test_starttls_refused(authority: trustme.CA) -> None:
    """TLS 29: 454 to STARTTLS: the same, with the server's code."""
    async with ScriptedServer(starttls=context(authority)) as server, carrier() as out:
        server.on("STARTTLS", Act(b"454 not now", then=Then.HANG))
        reply = await send(out, route(server, tls=Tls.STARTTLS, username="ann"))
        assert reply == Reply(Phase.TLS, 454, "not now")
        assert not secret(server)


async def test_words_before_the_handshake_are_not_believed(
    authority: trustme.CA, ca_file: Path
) -> None:
    """TLS 30: plaintext behind the 220 of STARTTLS ends the line."""
    async with (
        ScriptedServer(starttls=context(authority)) as server,
        carrier(ca_file=ca_file) as out,
    ):
        server.on("STARTTLS", Act(b"220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n"))
        reply = await send(out, route(server, tls=Tls.STARTTLS, username="ann"))
        assert (reply.phase, reply.code) == (Phase.TLS, 0)
        assert not secret(server)


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
@pytest.mark.parametrize("fault", ["name", "authority", "expired", "old"])
async def test_a_bad_certificate_is_refused(
    tls: Tls, fault: str, authority: trustme.CA, ca_file: Path
) -> None:
    """TLS 31: wrong name, unknown authority, expired, TLS 1.1: refused, in words."""
    secure = context(authority)
    if fault == "name":
        secure = context(authority, "other.example")
    elif fault == "authority":
        secure = context(trustme.CA())
    elif fault == "expired":
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        yesterday = datetime.now(UTC) - timedelta(days=1)  # noqa: TID251 - of this day
        leaf = authority.issue_cert("127.0.0.1", not_after=yesterday)
        leaf.configure_cert(secure)
    server = served(tls, secure)
    if fault == "old":
        secure.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        secure.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            secure.maximum_version = ssl.TLSVersion.TLSv1_1
    async with server, carrier(ca_file=ca_file) as out:
        reply = await send(out, route(server, tls=tls, username="ann"))
        assert (reply.phase, reply.code) == (Phase.TLS, 0)
        assert ("certificate" in reply.text) == (fault != "old")
        assert judge(reply).reason == "tls"
        assert not secret(server)


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_a_handshake_that_hangs(tls: Tls, authority: trustme.CA) -> None:
    """TLS 32: a handshake nobody answers ends at its limit."""
    async with (
        ScriptedServer(starttls=context(authority)) as server,
        carrier(tls_s=0.2) as out,
    ):
        if tls is Tls.STARTTLS:
            server.on("STARTTLS", Act(b"220 go", then=Then.HANG))
        else:
            server.on("CONNECT", Act(then=Then.HANG))
        reply = await send(out, route(server, tls=tls))
        assert (reply.phase, reply.code) == (Phase.TLS, 0)
        assert "within 0.2 s" in reply.text


async def test_no_tls_is_for_this_machine_only() -> None:
    """Without TLS nothing leaves the machine, whatever a name resolves to."""

    class Elsewhere:
        async def addresses(self, host: str) -> tuple[str, ...]:
            return ("127.0.0.1", "192.0.2.1")

    async with ScriptedServer() as server, carrier(resolver=Elsewhere()) as out:
        reply = await send(out, route(server, host="relay.example"))
        assert (reply.phase, reply.code) == (Phase.CONNECT, 0)
        assert "use starttls or implicit" in reply.text
        assert server.connections == 0


# --- login -----------------------------------------------------------------------


PLAIN = "\0ann\0secret"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        ("AUTH LOGIN PLAIN", [f"AUTH PLAIN {encoded(PLAIN)}"]),
        ("AUTH LOGIN", [f"AUTH LOGIN {encoded('ann')}", encoded("secret")]),
        ("AUTH=LOGIN", [f"AUTH LOGIN {encoded('ann')}", encoded("secret")]),
    ],
)  # fmt: skip
async def test_the_mechanism_is_chosen_once(offer: str, said: list[str]) -> None:
    """PLAIN before LOGIN, each in the words of its RFC."""
    async with ScriptedServer(offers=(offer,)) as server, carrier() as out:
        assert (await send(out, route(server, username="ann"))).code == 250
        assert server.commands[1 : 1 + len(said)] == said


async def test_a_token_goes_before_a_password() -> None:
    """XOAUTH2 is used where a token is given and the server knows it."""

    async def token(account_id: int, mailbox_id: int | None) -> str:
        return "t0ken"

    said = encoded("user=ann\1auth=Bearer t0ken\1\1")
    offers = ("AUTH PLAIN XOAUTH2",)
    async with ScriptedServer(offers=offers) as server, carrier(token=token) as out:
        assert (await send(out, route(server, username="ann"))).code == 250
        assert server.commands[1] == f"AUTH XOAUTH2 {said}"


async def test_a_refused_login_is_tried_once() -> None:
    """TLS 33: AUTH 535 ends the try: no second mechanism, no letter."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("AUTH", Act(b"535 5.7.8 bad credentials"))
        reply = await send(out, route(server, username="ann"))
        assert reply == Reply(Phase.AUTH, 535, "5.7.8 bad credentials")
        assert judge(reply).reason == "auth_credentials"
        assert server.count("AUTH") == 1
        assert server.count("MAIL") == 0


@pytest.mark.parametrize("offer", ["AUTH PLAIN", "AUTH LOGIN"])
@pytest.mark.parametrize("cut", [None, 30])
async def test_a_server_that_repeats_a_login_does_not_spread_it(
    offer: str, cut: int | None
) -> None:
    """S17: replies are kept and shown; the password is not, whole or in part."""
    whole = PASSWORD if offer == "AUTH LOGIN" else f"\0ann\0{PASSWORD}"
    spoken = base64.b64encode(whole.encode()).decode()
    said = f"500 what is {PASSWORD[:cut]} {spoken[:cut]} meant to be"
    async with (
        ScriptedServer(offers=(offer,)) as server,
        carrier(password=lambda *_: PASSWORD) as out,
    ):
        server.on("AUTH", Act(said.encode()))
        reply = await send(out, route(server, username="ann"))
    assert reply.code == 500
    assert reply.text == "what is *** *** meant to be"


async def test_a_size_that_is_no_number_is_none() -> None:
    """A digit of another script is one to Python, and no number: nothing is raised."""
    async with ScriptedServer(offers=("SIZE \u00b2",)) as server, carrier() as out:
        assert (await send(out, route(server))).code == 250


async def test_a_login_put_off_is_no_bad_password() -> None:
    """TLS 34: AUTH 454 is temporary and never taken for a wrong password."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("AUTH", Act(b"454 4.7.0 Temporary authentication failure"))
        reply = await send(out, route(server, username="ann"))
        assert judge(reply).reason == "auth_rate_limit"


async def test_a_token_that_cannot_be_had_is_no_bad_password() -> None:
    """TLS 34: the token's source is down: temporary, and nothing is said of AUTH."""

    async def token(account_id: int, mailbox_id: int | None) -> str:
        return ""

    def password(account_id: int, mailbox_id: int | None) -> None:
        return None

    async with ScriptedServer() as server:
        async with carrier(password=password, token=token) as out:
            reply = await send(out, route(server, username="ann"))
        assert judge(reply).reason == "remote_error"
        assert server.count("AUTH") == 0


async def test_a_password_that_is_missing_is_not_waited_for_as_a_token() -> None:
    """Only a login by token waits for one: else its letters were tried for ever."""

    async def token(account_id: int, mailbox_id: int | None) -> None:
        return None

    def password(account_id: int, mailbox_id: int | None) -> None:
        return None

    async with ScriptedServer() as server:
        async with carrier(password=password, token=token) as out:
            reply = await send(out, route(server, username="ann"))
        assert judge(reply).reason == "auth_credentials"


async def test_a_login_without_a_password_is_not_tried() -> None:
    """A missing secret is said in a sentence, before anything is on the wire."""
    async with (
        ScriptedServer() as server,
        carrier(password=lambda account_id, mailbox_id: None) as out,
    ):
        reply = await send(out, route(server, username="ann"))
        assert (reply.phase, reply.code) == (Phase.AUTH, 530)
        assert "no password is stored for ann" in reply.text
        assert server.count("AUTH") == 0


async def test_a_server_that_knows_none_of_our_logins() -> None:
    """No common mechanism: said with what the server offers."""
    async with ScriptedServer(offers=("AUTH GSSAPI",)) as server, carrier() as out:
        reply = await send(out, route(server, username="ann"))
        assert (reply.phase, reply.code) == (Phase.AUTH, 504)
        assert "gssapi" in reply.text


async def test_our_own_name_is_one() -> None:
    """EHLO carries a host name or an address literal, also where none is set."""
    password = "secret"
    out = SmtpCarrier(clock=RealClock(), password=lambda a, m: password)
    async with ScriptedServer() as server:
        assert not isinstance(await out.open(route(server), ENVELOPE, 1), Reply)
        await out.close()
        name = server.commands[0].removeprefix("EHLO ")
    assert name == "[127.0.0.1]" or "." in name
    with pytest.raises(ValueError, match="not a host name"):
        SmtpCarrier(clock=RealClock(), password=lambda a, m: None, our_name="a b")
