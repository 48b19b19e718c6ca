"""Calling verbs as a shell would, each on an event loop of its own.

A thread of its own too, or a verb would take the tests' loop away. Tests that call
verbs on a database are coroutines all the same: its fixtures live on the tests' loop,
and pytest-asyncio makes them anew for a test that is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click
from click.testing import CliRunner, Result

LIMIT_S = 60.0


def invoke(command: click.Command, *arguments: str) -> Result:
    """Call a verb; tell its exit code and output."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(CliRunner().invoke, command, arguments).result(LIMIT_S)


def elsewhere(work: Callable[..., Coroutine[Any, Any, None]], *values: object) -> None:
    """Run a coroutine while the calling loop stands still."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work(*values))).result(LIMIT_S)
