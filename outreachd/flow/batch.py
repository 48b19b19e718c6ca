"""Group commit: many tasks hand in one item each, one statement writes them all.

While a batch is being written the next one gathers; before that the first item waits
``linger_s``, which nobody notices and which makes far fewer commits. A batch is
written in a task of its own: a caller that is cancelled leaves the writing of the
others alone. If the writing raises, each of the batch's callers gets the exception.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batcher(Generic[Item, Answer]):
    """Writes items in batches of at most ``limit``, one batch at a time."""

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        limit: int = 200,
        linger_s: float = 0.0,
    ) -> None:
        self._write = write
        self._limit = limit
        self._linger_s = linger_s
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Answer:
        """Hand in one item; the answer comes when its batch is written."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writer is None:
            self._writer = asyncio.create_task(self._run())
        return await future

    def waiting(self) -> list[Item]:
        """List what has been handed in and is in no batch yet."""
        return [item for item, _ in self._waiting]

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._linger()
                batch = self._waiting[: self._limit]
                del self._waiting[: self._limit]
                await self._write_batch(batch)
        finally:
            self._writer = None

    async def _linger(self) -> None:
        """Let others join, in real time: a virtual clock stands still meanwhile."""
        if self._linger_s > 0 and len(self._waiting) < self._limit:
            await asyncio.sleep(self._linger_s)  # noqa: TID251 - not a wait for an event

    async def _write_batch(
        self, batch: Sequence[tuple[Item, asyncio.Future[Answer]]]
    ) -> None:
        try:
            answers = await self._write([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 -- handed on to every caller
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
