"""The laws of what an import says at its end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outreachd.commands.import_words import LEFT_OUT, Tally, held_for_consent, summary
from outreachd.intake import GROUNDED
from outreachd.rules.contact_row import RowResult
from outreachd.store.contacts import NO_CONSENT_SENTENCE

WORDS = ("new", "added", "known", "held", *LEFT_OUT)


def tally(*words: str, reason: str = "why; and a note") -> Tally:
    found = Tally()
    for line, word in enumerate(words, 2):
        found.add(RowResult(line, "a@x.example", word, reason))
    return found


def test_a_clean_import_is_a_quiet_sentence() -> None:
    """Only what stayed out or waits is loud."""
    assert summary("s", tally("new", "added", "known")) == (
        "s: 2 of 3 rows enrolled, 1 were enrolled already."
    )
    assert "LEFT OUT: 1 refused." in summary("s", tally("refused"))


def test_what_waits_is_told_by_its_reason() -> None:
    """The note of one row does not make a reason of its own."""
    assert "  held, 2: why." in summary("s", tally("held", "held"))


def test_consent_that_is_missing_is_told_with_the_way_out() -> None:
    """A whole list without a ground is the usual mistake."""
    found = tally("held", reason=NO_CONSENT_SENTENCE)
    assert held_for_consent(found) == 1
    assert "such as legitimate_interest): say it in a column" in summary("s", found)
    assert "(s accepts a, b): say" in summary("s", found, grounds=("a", "b"))
    assert "--consent-basis" not in summary("s", tally("held"))


def test_who_gained_a_ground_is_told_with_the_way_on() -> None:
    """The letter that waits does not go by itself."""
    told = summary("s", tally("known", "known", reason=GROUNDED))
    assert "  2 of them: is in" not in told
    assert "  2 of them have a ground of consent now: letters that wait" in told
    assert "release" not in summary("s", tally("known"))


def test_a_dry_run_and_a_dns_that_was_away_are_told() -> None:
    """What was not done, and what was not asked."""
    told = summary("s", tally("new"), is_dry=True, is_dns_away=True)
    assert "The DNS did not answer" in told
    assert told.endswith("This was a dry run: nothing was kept.")


def test_a_list_of_functions_or_of_free_mail_is_worth_a_word() -> None:
    """Above 15 and 40 in a hundred, where there are enough rows to tell."""
    found = Tally()
    for line in range(100):
        marks = ("role",) if line < 16 else ("free",) if line < 57 else ()
        found.add(RowResult(line, "a@x.example", "new", "", marks))
    told = summary("s", found).splitlines()
    assert [line[:26] for line in told[1:]] == [
        "  16% of the addresses bel",
        "  41% of the addresses are",
    ]
    assert found.figures()["marks"] == {"role": 16, "free": 41}
    few = Tally()
    few.add(RowResult(2, "info@x.example", "new", "", ("role",)))
    assert len(summary("s", few).splitlines()) == 1


@given(st.lists(st.sampled_from(WORDS)))
def test_the_figures_add_up_to_the_rows(words: list[str]) -> None:
    """Each row is in exactly one of them."""
    figures = tally(*words).figures()
    parts = ("enrolled", "known", "held", "skipped", "suppressed", "duplicate")
    assert figures["rows"] == len(words)
    assert sum(figures[part] for part in (*parts, "refused")) == len(words)
