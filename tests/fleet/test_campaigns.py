"""The laws of campaigns: pools, calendars and wordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreachd.fleet.load import load
from outreachd.rules.hygiene import Policy, Treatment
from outreachd.rules.model import DelayUnit, Kind
from outreachd.rules.wanted import WantedCampaign
from tests.fleet.writing import GOOD, mistake, mistakes, spoiled, write

POOL = 'pool = { tags = ["acme"] }'
TEXT = 'text = "Hi"'
MORE = """\
[[domain]]
name = "post.acme.example"
accounts = ["relay"]
[[mailbox]]
address = "bob@post.acme.example"
name = "Bob"
[[mailbox]]
address = "cat@post.acme.example"
name = "Cat"
tags = ["acme"]
"""


def campaign(folder: Path, text: str) -> WantedCampaign:
    found = load(write(folder, text)).things[Kind.CAMPAIGN]["spring"]
    assert isinstance(found, WantedCampaign)
    return found


@pytest.mark.parametrize(
    ("pool", "names"),
    [
        ('tags = ["acme"]', "ann cat"),
        ('domains = ["post.acme.example"]', "bob cat"),
        ('domains = ["POST.acme.example"]', "bob cat"),
        ('mailboxes = ["Bob@post.acme.example"]', "bob"),
        ('tags = ["acme"], mailboxes = ["bob@post.acme.example"]', "ann bob cat"),
    ],
)
def test_a_pool_is_what_matches_any_of_its_parts(
    tmp_path: Path, pool: str, names: str
) -> None:
    """Tags, domains and addresses add up."""
    found = campaign(tmp_path, spoiled(POOL, f"pool = {{ {pool} }}") + MORE)
    assert " ".join(sorted(a.partition("@")[0] for a in found.mailboxes)) == names


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ("", "pool matches no mailbox"),
        ('tags = ["acmee"]', "pool matches no mailbox"),
        ('domains = ["gone.example"]', "pool matches no mailbox"),
        ('mailboxes = ["zoe@mail.acme.example"]', 'unknown mailbox "zoe@'),
        ('tag = ["acme"]', 'unknown key "tag": did you mean "tags"?'),
    ],
)
def test_a_pool_that_matches_nothing_is_a_mistake(
    tmp_path: Path, pool: str, said: str
) -> None:
    """Fault 74: such a campaign would wait for ever without a word."""
    found = mistake(tmp_path, POOL, f"pool = {{ {pool} }}")
    assert found.startswith(f"fleet.toml:19: {said}")


def test_an_unknown_client_is_a_mistake(tmp_path: Path) -> None:
    """Fault 74: nobody is written to in the name of nobody."""
    found = mistake(tmp_path, 'client = "acme"', 'client = "acne"')
    assert found == 'fleet.toml:17: unknown client "acne": did you mean "acme"?'


@pytest.mark.parametrize("code", ["DE", "DE-BE", "US-CA", "RU", "recipient"])
def test_holidays_of_countries_and_their_parts_are_known(
    tmp_path: Path, code: str
) -> None:
    """The code stands in the calendar as it was written."""
    text = spoiled(POOL, f'{POOL}\ncalendar = {{ holidays = "{code}" }}')
    assert campaign(tmp_path, text).calendar.holidays == code


@pytest.mark.parametrize("code", ["XX", "DE-XX", "XX-BE", "de"])
def test_unknown_holidays_are_a_mistake(tmp_path: Path, code: str) -> None:
    """A country without holidays in our books is told, not taken for one without."""
    found = mistake(tmp_path, POOL, f'{POOL}\ncalendar = {{ holidays = "{code}" }}')
    assert found.startswith("fleet.toml:20: ")
    assert "known:" in found or "country code" in found or "must be a country" in found


def test_a_sequence_is_read_with_its_files(tmp_path: Path) -> None:
    """Delays, threads, wordings from files with the line ends of any system."""
    (tmp_path / "two.txt").write_bytes(b"Again,\r\n{{ first_name }}\r\n")
    (tmp_path / "two.html").write_text("<p>Again</p>")
    steps = (
        '[[campaign.step]]\nafter = "3 workdays"\ntext_file = "two.txt"\n'
        'html_file = "two.html"\n'
    )
    first, second = campaign(tmp_path, GOOD + steps).steps
    assert (first.delay, first.subject) == (0, "Hello {{ first_name }}")
    assert (second.delay, second.delay_unit) == (3, DelayUnit.WORKDAYS)
    assert second.subject is None
    assert second.text == "Again,\n{{ first_name }}\n"
    assert second.html == "<p>Again</p>"


@pytest.mark.parametrize(
    ("lines", "number", "said"),
    [
        ('text = "a\\n{{ b"', 22, "text, line 2: it has no end }}"),
        ('text = "x"\ntext_file = "y"', 23, "write text or text_file, not both"),
        ('text_file = "gone.txt"', 22, '"gone.txt" cannot be read: no such file'),
        ('text = "x"\nhtml_file = "gone"', 23, '"gone" cannot be read'),
        ('text = "x"\nhtml = "{% if %}"', 23, "html, line 1: "),
        ("# no words", 20, "text is missing: write text, text_file, html or"),
        ('text = "x"\nafter = "1 day"', 23, "after is for later steps"),
        ('text = "x"\nafter = "soon"', 23, "after must be a delay such as"),
        (
            'text = "x"\nsubjekt = "x"',
            23,
            'unknown key "subjekt": did you mean "subject"?',
        ),
    ],
)
def test_a_wording_that_cannot_be_used_is_a_mistake(
    tmp_path: Path, lines: str, number: int, said: str
) -> None:
    """Fault 73: bad templates and missing files stop the apply, not the night."""
    found = mistake(tmp_path, TEXT, lines)
    assert found.startswith(f"fleet.toml:{number}: {said}")


def test_a_template_in_a_file_is_checked_too(tmp_path: Path) -> None:
    """The line of the file is named beside the line that names the file."""
    (tmp_path / "one.txt").write_text("a\nb\n{{ c(1) }}")
    found = mistake(tmp_path, TEXT, 'text_file = "one.txt"')
    assert found.startswith("fleet.toml:22: text_file, line 3: ")


@pytest.mark.parametrize(
    ("step", "number", "said"),
    [
        ('text = "x"', 23, 'after is missing: say when, such as after = "3 workdays"'),
        ('after = "2 weeks"\ntext = "x"', 24, "after must be a delay such as"),
    ],
)
def test_a_later_step_says_when(
    tmp_path: Path, step: str, number: int, said: str
) -> None:
    """No follow-up goes out at once because a key was forgotten."""
    [found] = mistakes(tmp_path, f"{GOOD}[[campaign.step]]\n{step}\n")
    assert found.startswith(f"fleet.toml:{number}: {said}")


def test_a_first_step_needs_a_subject(tmp_path: Path) -> None:
    """A thread begins with a subject."""
    found = mistake(tmp_path, 'subject = "Hello {{ first_name }}"', "")
    assert found.startswith("fleet.toml:20: subject is missing")


def test_a_campaign_needs_a_step(tmp_path: Path) -> None:
    """A sequence has at least one letter."""
    text = GOOD.partition("[[campaign.step]]")[0]
    assert mistakes(tmp_path, text) == [
        "fleet.toml:15: step is missing, and it has no default"
    ]


VARIANTS = """\
[[campaign.step.variant]]
name = "short"
weight = 3
subject = "Short"
[[campaign.step.variant]]
name = "long"
text = "A long one"
"""
BARE = GOOD.replace('text = "Hi"\n', "").replace(
    'subject = "Hello {{ first_name }}"', ""
)


def test_a_variant_takes_from_its_step_what_it_leaves_out(tmp_path: Path) -> None:
    """But a text of its own goes without the step's HTML: they would disagree."""
    text = GOOD.replace('text = "Hi"', 'text = "Hi"\nhtml = "<p>Hi"') + VARIANTS
    short, long = campaign(tmp_path, text).steps[0].variants
    assert (short.name, short.weight, short.subject) == ("short", 3.0, "Short")
    assert (short.text, short.html) == ("Hi", "<p>Hi")
    assert (long.subject, long.text) == ("Hello {{ first_name }}", "A long one")
    assert (long.weight, long.html) == (1.0, None)


def test_a_step_may_have_its_words_in_variants_only(tmp_path: Path) -> None:
    """The first then stands for the step."""
    one = '[[campaign.step.variant]]\nname = "a"\nsubject = "S"\ntext = "T"\n'
    [step] = campaign(tmp_path, BARE + one).steps
    assert (step.subject, step.text, len(step.variants)) == ("S", "T", 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + VARIANTS.replace("long", "short"), 'variant "short" is there twice'),
        (BARE + VARIANTS, "subject is missing: the first step begins the thread"),
        (GOOD.replace('text = "Hi"\n', "") + VARIANTS, "write it here or in the step"),
        (GOOD + VARIANTS.replace("A long one", "A {{ long"), "text, line 1"),
        (GOOD + VARIANTS.replace("weight = 3", "weight = 0"), "weight"),
        (GOOD + VARIANTS.replace('text = "A', 'text_file = "A'), "cannot be read"),
        (spoiled(POOL, POOL + "\nfirst_touch_share = 1.5"), "first_touch_share"),
        (spoiled(POOL, POOL + '\nmailbox_gone = "leave"'), "mailbox_gone"),
        (spoiled(POOL, POOL + '\nstop_company = "yes"'), "stop_company"),
    ],
)
def test_a_bad_variant_or_policy_is_told_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    """File and line stand before the sentence."""
    found = mistakes(tmp_path, text)
    [line] = [one for one in found if said in one]
    assert line.startswith("fleet.toml:")
    assert line.split(":")[1].isdigit()


def test_hygiene_and_silence_have_defaults_and_settings(tmp_path: Path) -> None:
    """Who says nothing holds functions, skips what would bounce, waits half a year."""
    usual = campaign(tmp_path, GOOD)
    assert usual.hygiene == Policy()
    assert usual.silent_after_s == 183 * 86_400
    more = 'hygiene = { role = "take", free = "hold" }\nsilent_after = "30 days"'
    found = campaign(tmp_path, spoiled(POOL, f"{POOL}\n{more}"))
    assert found.hygiene == Policy(role=Treatment.TAKE, free=Treatment.HOLD)
    assert found.silent_after_s == 30 * 86_400


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('hygiene = { role = "drop" }', "must be one of 'take', 'hold', 'skip'"),
        ('hygiene = { rolle = "take" }', 'unknown key "rolle": did you mean "role"?'),
        ('silent_after = "soon"', 'must be a time such as "7 days"'),
    ],
)
def test_bad_hygiene_is_told_with_its_line(
    tmp_path: Path, line: str, said: str
) -> None:
    """Fault 74: the words that exist are in the sentence."""
    found = mistake(tmp_path, POOL, f"{POOL}\n{line}")
    assert found.startswith("fleet.toml:20: ")
    assert said in found


QUESTION = 'confirm = { subject = "Is it you?", text = "Yes: {{ confirm_url }}" }'


def test_a_campaign_says_which_consent_it_takes(tmp_path: Path) -> None:
    """Grounds in one spelling; none said = any that a contact states."""
    grounds = 'consent = ["Opt-in", "existing customer"]'
    found = campaign(tmp_path, spoiled(POOL, f"{POOL}\n{grounds}"))
    assert found.grounds == ("opt_in", "existing_customer")
    assert campaign(tmp_path, GOOD).grounds is None
    assert "fleet.toml:20: consent" in mistake(tmp_path, POOL, f"{POOL}\nconsent = []")


def test_a_campaign_may_ask_for_a_yes_first(tmp_path: Path) -> None:
    """The letter is read and checked like any other."""
    found = campaign(tmp_path, spoiled(POOL, f"{POOL}\n{QUESTION}"))
    assert found.confirmation is not None
    assert found.confirmation.subject == "Is it you?"
    assert campaign(tmp_path, GOOD).confirmation is None


@pytest.mark.parametrize(
    ("confirm", "said"),
    [
        ('{ subject = "Is it you?", text = "Yes?" }', "the link is missing: say {{ c"),
        ('{ text = "{{ confirm_url }}" }', "subject is missing"),
        ('{ subject = "Is it you?" }', "text is missing"),
        ('{ subject = "{% if %}", text = "{{ confirm_url }}" }', "subject, line 1: "),
    ],
)
def test_a_question_that_nobody_could_answer_is_a_mistake(
    tmp_path: Path, confirm: str, said: str
) -> None:
    """A letter without its link, its subject or its text would end the campaign."""
    found = mistake(tmp_path, POOL, f"{POOL}\nconfirm = {confirm}")
    assert found.startswith("fleet.toml:20: ")
    assert said in found
