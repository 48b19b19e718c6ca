"""Answers that are kept for a while, and asked for once however many ask.

For look-ups over the network: whoever asks for what is known gets it at once, all who
ask for the same unknown thing share one question, and one caller who gives up takes
nothing from the others. Bounded: the oldest answer goes first. Seconds are those of
the loop's clock. What the question itself raises is raised to all who wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """A cache in front of a question; ``ask`` tells an answer and its seconds."""

    def __init__(
        self, ask: Callable[[K], Awaitable[tuple[V, float]]], *, size: int
    ) -> None:
        self._ask = ask
        self._size = size
        self._known: dict[K, tuple[V, float]] = {}  # answer, until
        self._asking: dict[K, asyncio.Task[V]] = {}

    def __len__(self) -> int:
        return len(self._known)

    async def get(self, key: K) -> V:
        """Tell what is known, or ask."""
        known = self._known.get(key)
        if known and known[1] > asyncio.get_running_loop().time():
            return known[0]
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._ask_and_keep(key))
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        # Shielded: one caller who gives up must not take the answer from the others.
        return await asyncio.shield(task)

    async def _ask_and_keep(self, key: K) -> V:
        answer, keep_s = await self._ask(key)
        self._known.pop(key, None)
        while len(self._known) >= self._size:
            self._known.pop(next(iter(self._known)))
        self._known[key] = answer, asyncio.get_running_loop().time() + keep_s
        return answer
