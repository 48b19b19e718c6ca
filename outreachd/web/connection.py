"""One connection to a listener: counted, and given up where a caller only costs.

Beyond ``most`` a connection is turned away at once. Who asks and does not read the
answers fills every buffer between us; after ``write_s`` seconds without room we hang
up, for aiohttp itself would wait for ever. What is not HTTP is answered without a word
about why or who we are. Source: aiohttp's ``web_protocol``.
"""

from __future__ import annotations

import asyncio
from typing import cast

import structlog
from aiohttp import hdrs, web

log = structlog.get_logger()


class Connection(web.RequestHandler):
    """One connection; turned away at once when there are too many."""

    def __init__(
        self,
        manager: web.Server,
        open_now: set[Connection],
        *,
        most: int,
        write_s: float,
        loop: asyncio.AbstractEventLoop,
        **options: object,
    ) -> None:
        super().__init__(manager, loop=loop, **options)  # type: ignore[arg-type] # as AppRunner does
        self._open_now, self._most = open_now, most
        self._write_s, self._now = write_s, loop
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or turn it away."""
        if len(self._open_now) >= self._most:
            cast(asyncio.Transport, transport).abort()
            return
        self._open_now.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give its place to another."""
        self._end_patience()
        if self in self._open_now:
            self._open_now.discard(self)
            super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Hang up on a caller who asks and does not read, if that goes on."""
        super().pause_writing()
        if self.transport is not None:
            self._patience = self._now.call_later(self._write_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the caller has read."""
        super().resume_writing()
        self._end_patience()

    def _end_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP, without a word about why or who we are."""
        if exc is not None and status >= 500:
            log.error("http.fault", route="", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was already under way")
        response = web.Response(status=status, headers={hdrs.SERVER: ""})
        response.force_close()
        return response
