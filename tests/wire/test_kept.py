"""The laws of kept answers: asked once, kept for their time, bounded."""

from __future__ import annotations

import asyncio

import pytest

from outreachd.wire.kept import Kept


class Oracle:
    """Answers with the length of what it is asked, and counts."""

    def __init__(self, keep_s: float = 60.0) -> None:
        self.asked: list[str] = []
        self.keep_s = keep_s

    async def __call__(self, key: str) -> tuple[int, float]:
        """Answer."""
        self.asked.append(key)
        await asyncio.to_thread(len, key)  # others get a turn
        if key == "bad":
            raise ValueError(key)
        return len(key), self.keep_s


async def test_what_is_known_is_not_asked_again() -> None:
    """One question for all who ask at once, and for those who come later."""
    oracle = Oracle()
    kept = Kept(oracle, size=10)
    assert await asyncio.gather(*(kept.get("abc") for _ in range(50))) == [3] * 50
    assert await kept.get("abc") == 3
    assert oracle.asked == ["abc"]


async def test_an_answer_has_its_time() -> None:
    """What has expired is asked anew."""
    oracle = Oracle(keep_s=0.0)
    kept = Kept(oracle, size=10)
    await kept.get("abc")
    await kept.get("abc")
    assert oracle.asked == ["abc", "abc"]


async def test_the_cache_has_an_end() -> None:
    """Many keys push out the oldest, and never more is kept than stated."""
    oracle = Oracle()
    kept = Kept(oracle, size=2)
    for key in ("a", "b", "c", "b"):
        await kept.get(key)
    assert len(kept) == 2
    assert oracle.asked == ["a", "b", "c"]


async def test_a_fault_is_told_to_all_and_kept_for_none() -> None:
    """What the question raises reaches everybody; the next one asks anew."""
    oracle = Oracle()
    kept = Kept(oracle, size=2)
    both = await asyncio.gather(
        kept.get("bad"), kept.get("bad"), return_exceptions=True
    )
    assert [type(one) for one in both] == [ValueError, ValueError]
    with pytest.raises(ValueError, match="bad"):
        await kept.get("bad")
    assert oracle.asked == ["bad", "bad"]
