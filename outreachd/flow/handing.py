"""Handing a mail to the inbox, whichever way it came.

A mail that meets a bug of ours is said in the log and passed: it must not end the
reading of its mailbox, nor come again for ever. Errors: LedgerAwayError, keep the mail.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from outreachd.rules.records import LedgerAwayError, Received

log = structlog.get_logger()

Take = Callable[[Received], Awaitable[None]]


async def hand_over(received: Received, take: Take) -> None:
    """Have a mail taken; when this returns, it may be forgotten where it came from."""
    try:
        await take(received)
    except LedgerAwayError:
        raise
    except Exception:
        log.exception("mail.broken", source=received.source, id=received.mailbox_id)
