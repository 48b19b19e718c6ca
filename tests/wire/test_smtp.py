"""The laws of handing a letter over, whatever the server does to it."""

from __future__ import annotations

from outreachd.rules.model import Phase, Reply
from tests.wire.carrying import ENVELOPE, LETTER, carrier, route, send
from tests.wire.server import Letter, ScriptedServer


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
