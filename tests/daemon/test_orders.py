"""Letters ordered one by one, with files, at the real process and a real server."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.rig import world

LETTERS = 40
FILES = 12  # of the letters carry a file of 600 kB
GROWTH_MB = 160.0


@pytest.mark.slow
async def test_ordered_letters_leave_once_each_with_their_files(
    tmp_path: Path, database_url: str
) -> None:
    """Each order is sent three times at once: one letter each; memory stays flat."""
    file = base64.b64encode(b"%PDF-1.7" + bytes(600_000)).decode()
    async with world(tmp_path, database_url, slow_ms=[5.0]) as w:
        await w.furnish(mailboxes=20)
        daemon = w.start()
        await daemon.until_said("shift.begins")
        before = daemon.rss_mb()

        async def order(n: int) -> list[int]:
            name = f"p{n}@people.example"
            w.recipients.append(name)
            body: dict[str, Any] = {
                "campaign": "spring",
                "email": name,
                "subject": "For {{ name }}",
                "html": "<style>p{top:0}</style><p>Hi {{ name }}</p>",
                "variables": {"name": f"Person {n}"},
                "consent_basis": "asked",
            }
            if n < FILES:
                body["attachments"] = [{"name": f"offer {n}.pdf", "content": file}]
            asked = (
                daemon.ask("POST", "/v1/sends", body, key=f"order-{n}")
                for _ in range(3)
            )
            answers = await asyncio.gather(*asked)
            assert {status for status, _ in answers} == {202}, answers
            return [told["send"] for _, told in answers]

        ids = await asyncio.gather(*map(order, range(LETTERS)))
        await w.until_done()
        grown = daemon.rss_mb() - before
        status, shown = await daemon.ask("GET", f"/v1/sends/{ids[0][0]}")
        assert await daemon.terminated() == 0
        finding = await w.finding()
        kept = await w.db_value("SELECT count(*) FROM attachment")
    print(f"{finding}; the daemon grew by {grown:.0f} MB")
    assert all(len(set(three)) == 1 for three in ids)
    assert finding.is_clean, finding
    assert finding.letters == LETTERS
    assert kept == 1
    assert (status, shown["state"], shown["step_number"]) == (200, "sent", 1001)
    assert shown["one_off_subject"] == "For {{ name }}"
    assert grown < GROWTH_MB
