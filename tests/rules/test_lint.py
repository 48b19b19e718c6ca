"""The laws of lint: what harms a letter is said in a sentence, what is well is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outreachd.rules.lint import (
    Finding,
    Severity,
    lint_sender,
    lint_size,
    lint_way_out,
    lint_wording,
)
from outreachd.rules.wording import Wording
from tests.rules.test_letter import CLIENT, MAILBOX

GOOD = Wording(
    "About {{ company }}",
    "Hi {{ first_name }}, see https://acme.example/{{ id }}?a=1 or write.",
    '<p>Hi, <a href="https://acme.example/{{ id }}">see</a>'
    ' <a href="mailto:a@acme.example">or write</a> '
    '<a href="{{ unsubscribe_url }}">x</a>',
)


def words(wording: Wording, *, is_first: bool = True) -> set[str]:
    """Tell the words of the findings."""
    return {finding.word for finding in lint_wording(wording, is_first=is_first)}


def test_a_good_wording_gets_no_word() -> None:
    """Lint that cries wolf is read by nobody."""
    assert words(GOOD) == set()
    assert words(replace(GOOD, html=None)) == set()
    assert words(Wording(None, "Hi", None), is_first=False) == set()


@pytest.mark.parametrize(
    ("subject", "word"),
    [
        ("Re: your order", "false_reply"),
        ("RE: {{ company }}", "false_reply"),
        ("Fwd: offer", "false_reply"),
        ("AW: Angebot", "false_reply"),
        ("Отв: счёт", "false_reply"),
        ("Re[2]: x", "false_reply"),
        ("BUY NOW {{ name }}", "shouting"),
        ("Great!! offer", "shouting"),
        ("x" * 130, "long_subject"),
        ("Hi *|FNAME|*", "foreign_placeholder"),
        ("Hi {first_name}", "foreign_placeholder"),
        ("Hi [First Name]", "foreign_placeholder"),
        ("Hi %FIRST_NAME%", "foreign_placeholder"),
    ],
)
def test_a_bad_subject_is_found(subject: str, word: str) -> None:
    """Misleading, shouting, endless, or of another tool."""
    assert words(replace(GOOD, subject=subject)) == {word}


@pytest.mark.parametrize(
    "subject", ["Regarding {{ x }}", "Reply wanted", "USA", "{{ x }}: y", "100 %"]
)
def test_an_honest_subject_is_left_alone(subject: str) -> None:
    """Words that only look alike."""
    assert words(replace(GOOD, subject=subject)) == set()


def test_a_follow_up_may_say_re() -> None:
    """It answers a letter of ours."""
    assert words(replace(GOOD, subject="Re: x"), is_first=False) == set()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("  \n", "empty_text"),
        ("<p>Hi</p>", "markup_in_text"),
        ("see http://acme.example", "not_https"),
        ("see http:/acme.example", "broken_link"),
        ("see https//acme.example", "broken_link"),
        ("see https://", "broken_link"),
        ("see https://acme..example/", "broken_link"),
        ("see https://acme.example:port/", "broken_link"),
        ("see https://[::1/", "broken_link"),
        ("see https://bit.ly/abc", "short_link"),
        ("Dear [[name]]", "foreign_placeholder"),
        ("Dear <%= name %>", "foreign_placeholder"),
    ],
)
def test_a_bad_text_is_found(text: str, word: str) -> None:
    """Empty, or with links that do not work or are distrusted."""
    assert word in words(Wording("s", text, None))


@pytest.mark.parametrize(
    ("html", "word"),
    [
        ('<a href="www.acme.example">x</a>', "broken_link"),
        ('<a href="">x</a>', "broken_link"),
        ('<a href="acme.example/x">x</a>', "broken_link"),
        ("<a href='javascript:x()'>x</a>", "broken_link"),
        ('<a href="http:/acme.example">x</a>', "broken_link"),
        ('<a href="http://acme.example">x</a>', "not_https"),
        ("<script>x</script>", "stripped"),
        ("<FORM>", "stripped"),
    ],
)
def test_bad_html_is_found(html: str, word: str) -> None:
    """What a mail reader cannot follow or will take out."""
    assert word in words(Wording("s", "t", html))


def test_severity_tells_what_must_not_go_out() -> None:
    """A false reply is unlawful; capitals are only unwise."""
    [error] = lint_wording(replace(GOOD, subject="Re: x"), is_first=True)
    [warning] = lint_wording(replace(GOOD, subject="LOUD WORDS"), is_first=True)
    assert (error.severity, warning.severity) == (Severity.ERROR, Severity.WARNING)


def test_who_writes_is_looked_at() -> None:
    """A street and a number, a person's name."""
    assert list(lint_sender(CLIENT, [MAILBOX])) == []
    bad = replace(CLIENT, postal_address="Berlin")
    nameless = replace(MAILBOX, name="info@acme.example")
    found = {finding.word for finding in lint_sender(bad, [nameless])}
    assert found == {"postal_address", "sender_name"}


@pytest.mark.parametrize(
    ("base_url", "word"),
    [
        (None, "no_opt_out"),
        ("", "no_opt_out"),
        ("http://x.example", "opt_out_not_https"),
    ],
)
def test_a_way_out_is_demanded(base_url: str | None, word: str) -> None:
    """Without one no letter may go."""
    assert [finding.word for finding in lint_way_out(base_url)] == [word]
    assert list(lint_way_out("https://x.example")) == []


def test_size_is_judged_by_the_letter_and_its_html() -> None:
    """Gmail hides what is beyond 102 kB, servers refuse what is beyond 10 MB."""
    assert list(lint_size(50_000, 40_000)) == []
    assert [one.word for one in lint_size(200_000, 120_000)] == ["clipped"]
    assert [one.word for one in lint_size(11_000_000, 10)] == ["oversized"]


def test_a_finding_is_a_sentence() -> None:
    """It says what and why, without a dot: the command sets it."""
    for finding in lint_wording(Wording("Re: X", "", "<script>"), is_first=True):
        assert isinstance(finding, Finding)
        assert not finding.sentence.endswith(".")
        assert len(finding.sentence) > 15
