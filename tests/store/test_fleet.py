"""The laws of applying a fleet to the database."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from outreachd.rules.fleet_plan import Change, Sign
from outreachd.rules.hygiene import Policy, Treatment
from outreachd.rules.model import Auth, Imap, Kind, MailboxGone, Tls, Variant
from outreachd.rules.wanted import Thing, WantedCampaign, WantedInbox, WantedStep
from outreachd.store.database import Connection, Database, UnfitError
from outreachd.store.fleet import FleetMovedError, apply
from outreachd.store.fleet_present import read_present
from outreachd.store.roster import read_roster
from outreachd.store.vault import Vault
from tests.fleets import (
    ACME,
    ANN,
    BEN,
    DOMAIN,
    FIRST,
    RELAY,
    SECOND,
    SPARE,
    SPRING,
    WHOLE,
    fleet,
    with_pool,
)
from tests.stopwatch import Stopwatch

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VAULT = Vault(b"k" * 32)
STAND_IN = MailboxGone.STAND_IN


async def put(connection: Connection, *things: Thing) -> list[Change]:
    return await apply(connection, fleet(*things), VAULT, now=NOW, author="test")


async def test_what_was_applied_reads_back_as_it_was_written(db: Database) -> None:
    """The present fleet after an apply equals the wanted one, passwords included."""
    async with db.connection() as connection:
        await put(connection, *WHOLE)
        present = await read_present(connection, VAULT)

    assert present.things == fleet(*WHOLE).things
    assert present.retired == frozenset()


async def test_a_zone_that_the_server_does_not_know_is_refused(db: Database) -> None:
    """Else no daemon could begin: the server reckons the days of them all."""
    async with db.connection() as connection:
        with pytest.raises(UnfitError, match=r"time zone \"Europe/Atlantis\""):
            await put(connection, *WHOLE, replace(BEN, timezone="Europe/Atlantis"))
        assert (await read_present(connection, VAULT)).things[Kind.MAILBOX] == {}


async def test_applying_twice_writes_nothing(db: Database) -> None:
    """The second apply of a fleet changes no row, audits nothing, tells nobody."""
    async with db.connection() as connection:
        await put(connection, *WHOLE)
        before = await fingerprints(connection)
        again = await put(connection, *WHOLE)

        assert again == []
        assert await fingerprints(connection) == before


async def fingerprints(connection: Connection) -> list[str]:
    """Tell physical place and writer of each row: a rewritten row has others."""
    tables = ("client", "account", "domain", "mailbox", "campaign", "step", "secret")
    return [
        str(await connection.fetch(f"SELECT ctid, xmin, t::text FROM {t} t ORDER BY 1"))  # noqa: S608
        for t in (*tables, "campaign_mailbox", "audit")
    ]


async def test_what_vanishes_is_retired_and_returns_under_its_old_id(
    db: Database,
) -> None:
    """History points at ids, so nothing is deleted and nothing gets a second id."""
    one = "SELECT id FROM mailbox WHERE address = $1"
    async with db.connection() as connection:
        await put(connection, *WHOLE)
        number = await connection.fetchval(one, BEN.address)
        left = (ACME, RELAY, SPARE, DOMAIN, ANN, with_pool(ANN))
        gone = await put(connection, *left)
        retired = (await read_present(connection, VAULT)).retired
        back = await put(connection, *WHOLE)

        assert Change(Sign.RETIRE, Kind.MAILBOX, BEN.address) in gone
        assert retired == {(Kind.MAILBOX, BEN.address)}
        assert Change(Sign.ADD, Kind.MAILBOX, BEN.address, returns=True) in back
        assert await connection.fetchval(one, BEN.address) == number
        present = await read_present(connection, VAULT)
    assert present.things == fleet(*WHOLE).things


async def test_a_password_is_sealed_and_only_a_changed_one_is_written(
    db: Database,
) -> None:
    """No password stands in the database as text; an unchanged one is left alone."""
    async with db.connection() as connection:
        await put(connection, *WHOLE)
        every = "SELECT kind, ciphertext FROM secret ORDER BY kind"
        (_, account), (_, mailbox) = await connection.fetch(every)
        changed = replace(RELAY, password="second secret")
        plan = await put(connection, ACME, changed, SPARE, DOMAIN, ANN, BEN, SPRING)
        (_, account2), (_, mailbox2) = await connection.fetch(every)

        assert b"secret" not in account + mailbox
        assert (account2 != account, mailbox2 == mailbox) == (True, True)
        assert [str(c) for c in plan] == [
            "~ account relay\n    password: set -> a new one"
        ]
        audit = await connection.fetch("SELECT detail::text FROM audit")
    assert "second" not in str(audit)


async def test_a_password_taken_away_is_forgotten(db: Database) -> None:
    """What is no longer in the fleet file is no longer in the database."""
    async with db.connection() as connection:
        await put(connection, *WHOLE)
        bare = replace(RELAY, username=None, password=None)
        await put(connection, ACME, bare, SPARE, DOMAIN, ANN, BEN, SPRING)

        assert await connection.fetchval("SELECT count(*) FROM secret") == 1


async def test_an_unreadable_password_is_sealed_anew(db: Database) -> None:
    """With another key the old secrets do not open; applying again mends it."""
    other = Vault(b"o" * 32)
    wanted = fleet(*WHOLE)
    async with db.connection() as connection:
        await put(connection, *WHOLE)
        plan = await apply(connection, wanted, other, now=NOW, author="test")

        assert {c.name for c in plan} == {"relay", BEN.address}
        assert (await read_present(connection, other)).things == wanted.things


async def test_a_sequence_can_grow_shrink_and_change(db: Database) -> None:
    """Steps in the database are the steps of the file, no more."""
    rest = (ACME, RELAY, SPARE, DOMAIN, ANN, BEN)
    third = replace(SECOND, text="Bye", delay=1)
    async with db.connection() as connection:
        for steps in ((FIRST, SECOND), (FIRST, SECOND, third), (third_first(),)):
            await put(connection, *rest, replace(SPRING, steps=steps))
            present = await read_present(connection, VAULT)
            campaign = present.things[Kind.CAMPAIGN]["spring"]
            assert isinstance(campaign, WantedCampaign)
            assert campaign.steps == steps


def third_first() -> WantedStep:
    return replace(FIRST, subject="Anew")


async def test_a_plan_that_moved_is_not_applied(db: Database) -> None:
    """Consent is to one plan; if it is another by now, nothing happens."""
    async with db.connection() as connection:
        agreed = [Change(Sign.ADD, Kind.CLIENT, "acme")]
        with pytest.raises(FleetMovedError):
            await apply(
                connection,
                fleet(*WHOLE),
                VAULT,
                now=NOW,
                author="test",
                agreed=agreed,
            )

        assert await connection.fetchval("SELECT count(*) FROM client") == 0


async def test_an_apply_is_audited(db: Database) -> None:
    """Who applied, when and what stays readable for ever."""
    async with db.connection() as connection:
        await put(connection, *WHOLE)
        row = await connection.fetchrow("SELECT at, author, action, detail FROM audit")

    assert row is not None
    assert (row["at"], row["author"], row["action"]) == (NOW, "test", "apply")
    assert json.loads(row["detail"])["counts"] == {"add": 7}


async def test_twelve_thousand_mailboxes_are_applied_in_seconds(db: Database) -> None:
    """Ten times the fleet is one statement a kind: under 10 s, sealing included."""
    many = [
        replace(BEN, address=f"m{n}@mail.acme.example", password=f"secret {n}")
        for n in range(12_000)
    ]
    things: tuple[Thing, ...] = (ACME, RELAY, SPARE, DOMAIN, *many, with_pool(*many))
    watch = Stopwatch()
    async with db.connection() as connection:
        changes = await put(connection, *things)
        again = await put(connection, *things)

    assert (len(changes), again) == (12_005, [])
    assert watch.seconds() < 20  # both of them


async def test_what_a_campaign_says_of_variants_and_mailboxes_reads_back(
    db: Database,
) -> None:
    """Variants keep their order; one taken out is gone; twice writes nothing."""
    plain = Variant(name="plain", weight=3.0, subject="Hello", text="Hi", html=None)
    bold = Variant(name="bold", weight=1.0, subject="HELLO", text="HI", html="<b>HI")
    rest = (ACME, RELAY, SPARE, DOMAIN, ANN, BEN)
    spring = replace(
        SPRING, stop_company=True, first_touch_share=0.25, mailbox_gone=STAND_IN
    )
    async with db.connection() as connection:
        for variants in ((plain, bold), (bold, plain), (bold,), ()):
            wanted = replace(spring, steps=(replace(FIRST, variants=variants), SECOND))
            assert await put(connection, *rest, wanted)
            present = await read_present(connection, VAULT)
            assert present.things[Kind.CAMPAIGN]["spring"] == wanted
            assert await put(connection, *rest, wanted) == []
            roster = await read_roster(connection)
            [campaign] = roster.campaigns.values()
            assert campaign.steps[0].variants == variants
            told = (campaign.stop_company, campaign.first_touch_share)
            assert (*told, campaign.mailbox_gone) == (True, 0.25, STAND_IN)


async def test_hygiene_and_silence_read_back(db: Database) -> None:
    """What a campaign does with odd addresses is what its file says, not a default."""
    policy = Policy(role=Treatment.SKIP, no_mx=Treatment.HOLD)
    campaign = replace(SPRING, hygiene=policy, silent_after_s=86_400.0)
    rest = (ACME, RELAY, SPARE, DOMAIN, ANN, BEN)
    async with db.connection() as connection:
        await put(connection, *rest, campaign)
        assert await put(connection, *rest, campaign) == []
        found = (await read_present(connection, VAULT)).things[Kind.CAMPAIGN]["spring"]
    assert found == campaign


async def test_where_mail_is_read_goes_in_and_comes_back(db: Database) -> None:
    """For accounts, mailboxes and inboxes, which leave and return like all things."""
    imap = Imap(host="i.example", port=993, tls=Tls.IMPLICIT, folders=("INBOX",))
    box = WantedInbox(
        name="bounces", imap=imap, username="b", auth=Auth.PASSWORD, password="p"
    )
    whole = fleet(
        ACME, replace(RELAY, imap=imap), SPARE, DOMAIN, replace(ANN, imap=imap)
    )
    with_box = replace(whole, inboxes={"bounces": box})
    async with db.connection() as connection:
        for wanted in (with_box, whole, with_box):
            changes = await apply(connection, wanted, VAULT, now=NOW, author="test")
            present = await read_present(connection, VAULT)
            assert present.things == wanted.things
            assert present.inboxes == wanted.inboxes
        assert [str(change) for change in changes] == ["+ inbox bounces (returns)"]
        roster = await read_roster(connection)
    [read] = roster.inboxes.values()
    assert (read.name, read.imap) == ("bounces", imap)
    assert [m.imap for m in roster.mailboxes.values()] == [imap]


async def test_rates_by_receiver_read_back_in_any_order(db: Database) -> None:
    """The same rates written in another order are no change; taken out, they are."""
    rates = {"outlook": 30, "google": 60, "others": 100}
    limited = replace(RELAY, receiver_rates=rates)
    turned = replace(RELAY, receiver_rates=dict(sorted(rates.items())))
    async with db.connection() as connection:
        await put(connection, ACME, limited)
        assert await put(connection, ACME, turned) == []
        roster = await read_roster(connection)
        assert [a.receiver_rates for a in roster.accounts.values()] == [rates]
        [change] = await put(connection, ACME, RELAY)
        assert str(change).endswith(
            "receiver_rates: google 60, outlook 30, others 100 a minute -> none"
        )
        [plain] = (await read_roster(connection)).accounts.values()
    assert plain.receiver_rates == {}
