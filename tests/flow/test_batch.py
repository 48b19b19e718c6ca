"""The laws of group commit: all items written once, each caller gets its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from outreachd.flow.batch import Batcher
from tests.fakes import settle


class Slow:
    """A writer that waits for the test and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        """Write one batch."""
        self.batches.append(list(items))
        await self.go.wait()
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return [item * 10 for item in items]


async def test_what_comes_while_writing_goes_together_next() -> None:
    """The first item is not delayed; all that wait for it make one batch."""
    write = Slow()
    batcher = Batcher(write)
    tasks = [asyncio.create_task(batcher.submit(1))]
    await settle()
    tasks += [asyncio.create_task(batcher.submit(n)) for n in (2, 3, 4)]
    await settle()
    write.go.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30, 40]
    assert write.batches == [[1], [2, 3, 4]]


async def test_a_batch_is_no_longer_than_its_limit() -> None:
    """More than the limit makes several statements, in order."""
    write = Slow()
    write.go.set()
    batcher = Batcher(write, limit=2)
    answers = await asyncio.gather(*(batcher.submit(n) for n in range(5)))
    assert answers == [0, 10, 20, 30, 40]
    assert write.batches == [[0, 1], [2, 3], [4]]


async def test_lingering_joins_what_comes_a_moment_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A batch that may wait takes in those who come meanwhile."""
    moments, is_over = [], asyncio.Event()

    async def linger(seconds: float) -> None:
        moments.append(seconds)
        await is_over.wait()

    monkeypatch.setattr(asyncio, "sleep", linger)
    write = Slow()
    write.go.set()
    batcher = Batcher(write, linger_s=0.02)
    tasks = [asyncio.create_task(batcher.submit(1))]
    await settle()
    tasks.append(asyncio.create_task(batcher.submit(2)))
    await settle()
    is_over.set()
    await asyncio.gather(*tasks)
    assert write.batches == [[1, 2]]
    assert moments == [0.02]


async def test_an_error_reaches_each_of_its_batch_and_nobody_else() -> None:
    """The next batch is written as if nothing had been."""
    write = Slow()
    write.error = RuntimeError("no")
    batcher = Batcher(write)
    first = [asyncio.create_task(batcher.submit(n)) for n in (1, 2)]
    await settle()
    second = asyncio.create_task(batcher.submit(3))
    await settle()
    write.go.set()
    for task in first:
        with pytest.raises(RuntimeError, match="no"):
            await task
    assert await second == 30
    assert write.batches == [[1, 2], [3]]


async def test_a_caller_that_leaves_does_not_stop_the_writing() -> None:
    """SMTP 28: its item is written all the same, and its neighbours get answers."""
    write = Slow()
    batcher = Batcher(write)
    leaver, stayer = (asyncio.create_task(batcher.submit(n)) for n in (1, 2))
    await settle()
    leaver.cancel()
    await settle()
    write.go.set()
    assert await stayer == 20
    assert write.batches == [[1, 2]]
    assert await batcher.submit(3) == 30
