"""The laws of accounts, domains and mailboxes that need a second look."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreachd.fleet.load import load
from outreachd.rules.model import Auth, Dkim, DkimSign, Imap, Kind, Tls
from outreachd.rules.wanted import WantedAccount, WantedDomain, WantedMailbox
from tests.fleet.writing import GOOD, mistake, mistakes, spoiled, write

HOST = 'host = "relay.example"'
NAME = 'name = "Ann"'


def account(folder: Path, lines: str) -> WantedAccount:
    fleet = load(write(folder, spoiled(HOST, f"{HOST}\n{lines}")))
    found = fleet.things[Kind.ACCOUNT]["relay"]
    assert isinstance(found, WantedAccount)
    return found


@pytest.mark.parametrize(
    ("lines", "port"),
    [
        ("", 587),
        ('tls = "starttls"', 587),
        ('tls = "implicit"', 465),
        ('tls = "implicit"\nport = 4465', 4465),
    ],
)
def test_the_usual_port_follows_from_tls(tmp_path: Path, lines: str, port: int) -> None:
    """A port that was written stands."""
    assert account(tmp_path, lines).port == port


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_without_tls_only_this_machine_is_spoken_to(tmp_path: Path, host: str) -> None:
    """Loopback hosts, and their usual port is 25."""
    text = spoiled(HOST, f'host = "{host}"\ntls = "none"')
    found = load(write(tmp_path, text)).things[Kind.ACCOUNT]["relay"]
    assert isinstance(found, WantedAccount)
    assert found.port == 25


@pytest.mark.parametrize(
    "host", ["relay.example", "192.0.2.1", "198.51.100.7", "localhost.x"]
)
def test_without_tls_any_other_host_is_refused(tmp_path: Path, host: str) -> None:
    """Neither letters nor passwords cross a network in the clear."""
    said = mistake(tmp_path, HOST, f'host = "{host}"\ntls = "none"')
    assert said == (
        'fleet.toml:8: tls = "none" is for loopback hosts only: use "starttls" or'
        ' "implicit"'
    )


def test_a_password_is_read_and_never_shown(tmp_path: Path) -> None:
    """From a file beside the fleet file; no repr holds it."""
    secret = tmp_path / "relay.password"
    secret.write_text("hunter2\n")
    secret.chmod(0o600)
    found = account(tmp_path, 'username = "u"\npassword_file = "relay.password"')
    assert found.password == "hunter2"
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('username = "u"', "fleet.toml:8: username and password_file belong together"),
        (
            'username = "u"\npassword_file = "gone"',
            'fleet.toml:9: password_file "gone" cannot be read: no such file',
        ),
        (
            'username = "u"\npassword_file = "credential:x"',
            'fleet.toml:9: password_file "credential:x" needs $CREDENTIALS_DIRECTORY',
        ),
        (
            'password = "hunter2"',
            'fleet.toml:8: unknown key "password": did you mean "password_file"?',
        ),
    ],
)
@pytest.mark.parametrize("beside", [HOST, NAME])
def test_a_login_that_cannot_work_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: str, lines: str, said: str
) -> None:
    """Fault 74: for accounts and for mailboxes with a login of their own."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    shift = 6 if beside == NAME else 0
    number = int(said.split(":")[1]) + shift
    found = mistakes(tmp_path, spoiled(beside, f"{beside}\n{lines}"))[0]
    assert found.startswith(f"fleet.toml:{number}:{said.split(':', 2)[2]}")
    assert "hunter2" not in found


@pytest.mark.parametrize(
    ("accounts", "said"),
    [
        ('["rely"]', 'unknown account "rely": did you mean "relay"?'),
        ('["relay", "relay"]', 'account "relay" is listed twice'),
    ],
)
def test_a_domain_leaves_by_accounts_that_exist(
    tmp_path: Path, accounts: str, said: str
) -> None:
    """Fault 74: in order of preference, each once."""
    found = mistake(tmp_path, 'accounts = ["relay"]', f"accounts = {accounts}")
    assert found == f"fleet.toml:10: {said}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", None),
        ("dkim = false", None),
        ("dkim = { selector = 'o1' }", Dkim(selector="o1", sign=DkimSign.RSA)),
        (
            "dkim = { selector = 'o1', sign = 'both' }",
            Dkim(selector="o1", sign=DkimSign.BOTH),
        ),
    ],
)
def test_a_domain_says_whether_it_is_signed_here(
    tmp_path: Path, line: str, expected: Dkim | None
) -> None:
    """Not unless it is said; by RSA unless another kind is."""
    text = spoiled('accounts = ["relay"]', f'accounts = ["relay"]\n{line}')
    found = load(write(tmp_path, text)).things[Kind.DOMAIN]["mail.acme.example"]
    assert isinstance(found, WantedDomain)
    assert found.dkim == expected


def test_a_mailbox_belongs_to_a_domain_of_the_file(tmp_path: Path) -> None:
    """Fault 74: a subdomain or a parent is another domain."""
    found = mistake(tmp_path, "ann@mail.acme.example", "ann@acme.example")
    assert found.startswith('fleet.toml:12: unknown domain "acme.example"')


def test_tags_are_a_set(tmp_path: Path) -> None:
    """Order and repetition of tags change nothing in the plan."""
    text = GOOD.replace('tags = ["acme"]', 'tags = ["north", "acme", "north"]')
    found = load(write(tmp_path, text)).things[Kind.MAILBOX]["ann@mail.acme.example"]
    assert isinstance(found, WantedMailbox)
    assert found.tags == ("acme", "north")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", None),
        (
            'imap = { host = "i.example" }',
            Imap(
                host="i.example",
                port=993,
                tls=Tls.IMPLICIT,
                folders=("INBOX", "Junk"),
            ),
        ),
        (
            'imap = { host = "i.example", tls = "starttls", folders = ["A", "A"] }',
            Imap(host="i.example", port=143, tls=Tls.STARTTLS, folders=("A",)),
        ),
    ],
)
def test_an_account_says_where_its_mailboxes_are_read(
    tmp_path: Path, line: str, expected: Imap | None
) -> None:
    """Nowhere unless it is said; the port follows from TLS, a folder counts once."""
    assert account(tmp_path, line).imap == expected


@pytest.mark.parametrize(
    ("place", "lines", "said"),
    [
        (
            HOST,
            'imap = { host = "i.example", tls = "none" }',
            'fleet.toml:8: imap.tls: tls = "none" is for loopback hosts only',
        ),
        (
            NAME,
            'imap = { host = "i.example" }',
            "fleet.toml:14: imap: to be read it needs a login of its own",
        ),
    ],
)
def test_no_password_is_said_in_the_clear_or_made_up(
    tmp_path: Path, place: str, lines: str, said: str
) -> None:
    """As for sending: TLS but on loopback, and a login of the mailbox's own."""
    [found] = mistakes(tmp_path, spoiled(place, f"{place}\n{lines}"))
    assert said.partition(": ")[2].partition(": ")[2] in found
    assert found.startswith(said.partition(":")[0])


def test_an_inbox_only_receives(tmp_path: Path) -> None:
    """It has a place, a login and a name; the password shows nowhere."""
    (tmp_path / "b.password").write_text("hunter2")
    (tmp_path / "b.password").chmod(0o600)
    text = GOOD + (
        '[[inbox]]\nname = "bounces"\nhost = "i.example"\nusername = "b"\n'
        'password_file = "b.password"\nauth = "xoauth2"\n'
    )
    found = load(write(tmp_path, text)).inboxes["bounces"]
    assert (found.imap.port, found.auth, found.password) == (
        993,
        Auth.XOAUTH2,
        "hunter2",
    )
    assert "hunter2" not in repr(found)


def test_a_mailbox_of_the_csv_says_its_place_in_a_cell(tmp_path: Path) -> None:
    """HOST or HOST:PORT."""
    (tmp_path / "m.password").write_text("x")
    (tmp_path / "m.password").chmod(0o600)
    write(
        tmp_path,
        "address,name,username,password_file,imap\n"
        "bea@mail.acme.example,Bea,bea,m.password,i.example:1993\n",
        "m.csv",
    )
    fleet = load(write(tmp_path, GOOD + '[fleet]\nmailboxes = "m.csv"\n'))
    found = fleet.things[Kind.MAILBOX]["bea@mail.acme.example"]
    assert isinstance(found, WantedMailbox)
    assert found.imap is not None
    assert (found.imap.host, found.imap.port) == ("i.example", 1993)


def test_rates_by_receiver_are_by_names_that_receivers_go_by(tmp_path: Path) -> None:
    """Short names, registrable domains of mail hosts, and others."""
    line = 'receiver_rates = { google = 60, "mx.example" = 30, others = 100 }'
    rates = {"google": 60, "mx.example": 30, "others": 100}
    assert account(tmp_path, line).receiver_rates == rates
    assert account(tmp_path, "").receiver_rates == {}


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ("gogle = 6", 'unknown receiver "gogle": did you mean "google"?'),
        ("Google = 6", 'unknown receiver "Google": did you mean "google"?'),
        ("other = 6", 'unknown receiver "other": did you mean "others"?'),
        ('"web.de" = 6', 'receiver "web.de" goes by its short name: write gmx'),
        ('"a..b" = 6', 'receiver "a..b" is no domain: '),
        ('"MX.example" = 6', 'receiver "MX.example": write "mx.example"'),
        ("google = 0", "google must be above 0"),
        ("google = -1", "google must be above 0"),
        ("google = 1.5", "google must be a whole number"),
        ('google = "6"', "google must be a whole number"),
        ("mx.example = 6", "mx must be a whole number; a name with a dot stands in q"),
        ("google = true", "google must be a whole number"),
    ],
)
def test_a_rate_that_would_limit_nothing_is_a_mistake(
    tmp_path: Path, rates: str, said: str
) -> None:
    """Fault 70 and 74: at its own line, with the nearest name that is known."""
    line = f"{HOST}\nreceiver_rates = {{ {rates} }}"
    number = GOOD[: GOOD.index(HOST)].count("\n") + 2
    assert mistake(tmp_path, HOST, line).startswith(f"fleet.toml:{number}: {said}")


def test_rates_are_a_table(tmp_path: Path) -> None:
    """A number alone says nothing of whom it is for."""
    found = mistake(tmp_path, HOST, f"{HOST}\nreceiver_rates = 60")
    assert "receiver_rates must be a table of keys" in found
