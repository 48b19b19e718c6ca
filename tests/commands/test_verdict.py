"""The laws of `verdict`: a line a reply, by the contract."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from click.testing import CliRunner

from outreachd.commands.verdict import command


def verdicts(replies: str, *arguments: str) -> list[dict[str, Any]]:
    """Call the verb for machines."""
    result = CliRunner().invoke(command, [*arguments, "--json"], input=replies)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def test_a_reply_is_told_by_the_contract() -> None:
    """Class, scope, permanence and action, in the order of the replies."""
    replies = "550 5.1.1 no such user\n\n452 4.2.2 over quota\n"
    assert verdicts(replies) == [
        {
            "class": "hard_no_user",
            "scope": "recipient",
            "permanence": "permanent",
            "action": "suppress",
        },
        {
            "class": "soft_mailbox_full",
            "scope": "recipient",
            "permanence": "temporary",
            "action": "retry",
        },
    ]


def test_the_phase_and_the_server_may_be_said() -> None:
    """The same words mean another thing earlier, or from another one's server."""
    assert verdicts("550 no", "--phase", "mail")[0]["class"] == "sender_rejected"
    denied = "554 5.7.1 relay access denied"
    assert verdicts(denied)[0]["scope"] == "mailbox"
    assert verdicts(denied, "--host", "mx")[0]["scope"] == "recipient"


def test_octets_that_are_no_text_and_long_lines_are_answered() -> None:
    """A reply is a line whatever it holds."""
    replies = b"550 5.1.1 \xe9 unknown user " + b"x" * 100_000
    result = CliRunner().invoke(command, [], input=io.BytesIO(replies))
    assert result.output.startswith("hard_no_user")


def test_people_are_told_in_words() -> None:
    """Without --json a line a reply."""
    result = CliRunner().invoke(command, [], input="550 5.1.1 no such user\n")
    assert result.output == "hard_no_user: recipient, permanent; suppress\n"


@pytest.mark.parametrize("arguments", [["--phase", "lunch"], ["--host", "theirs"]])
def test_wrong_usage_ends_with_two(arguments: list[str]) -> None:
    """Scripts can tell a slip from a failure."""
    assert CliRunner().invoke(command, arguments, input="").exit_code == 2
