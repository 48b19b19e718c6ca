"""The daemon's two doors: what is offered at each, and their opening.

The control listener is for people and scripts on this machine, the public one for
recipients. Both answer from the helm and from the database; neither knows the shift.
Errors: ListenError, whose text names the setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiohttp import web

from outreachd.clock import Clock
from outreachd.config import Settings
from outreachd.helm import Helm
from outreachd.intake import Intake
from outreachd.rules.suppression import Eraser
from outreachd.store.database import Database
from outreachd.store.health import PgHealth
from outreachd.store.holds import PgHolds
from outreachd.store.suppressions import PgSuppressions
from outreachd.telemetry import Metrics
from outreachd.web.contacts import contact_routes
from outreachd.web.control import control_app
from outreachd.web.health import health_routes
from outreachd.web.holds import hold_routes
from outreachd.web.orders import order_routes
from outreachd.web.public import public_app
from outreachd.web.report import report_routes
from outreachd.web.server import listen
from outreachd.web.suppressions import suppression_routes
from outreachd.wire.mx import mail_domains_at

DNS_LIMIT_S = 5.0  # of a call that brings contacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What both doors need."""

    settings: Settings
    database: Database
    clock: Clock
    house: Clock  # a real one, where ``clock`` may be virtual
    metrics: Metrics
    eraser: Eraser
    token: str

    async def open(self, stack: AsyncExitStack, helm: Helm) -> object:
        """Listen at both until the stack is closed; tell the control address."""
        http = self.settings.http
        app = control_app(
            helm, self.metrics, self.house, self.token, routes=self._routes()
        )
        control = await listen(
            app, http.control.listen, setting="[http.control] listen"
        )
        stack.push_async_callback(control.close)
        if http.public.listen is not None:
            public = await listen(
                public_app(helm, helm, http.public.unsubscribe_mailto),
                http.public.listen,
                setting="[http.public] listen",
            )
            stack.push_async_callback(public.close)
        return control.address

    def _routes(self) -> Iterator[web.AbstractRouteDef]:
        """Say what the control listener offers beside steering."""
        database, clock = self.database, self.clock
        yield from order_routes(database, clock, self.eraser, self._intake)
        yield from hold_routes(PgHolds(database), clock)
        rules = self.settings.health.rules()
        yield from health_routes(PgHealth(database), rules, clock)
        yield from report_routes(database, clock)
        suppressions = PgSuppressions(database)
        yield from suppression_routes(suppressions, clock, self.eraser)
        yield from contact_routes(database, clock, self._intake)

    def _intake(self, is_dry: bool) -> Intake:
        """Make what takes the people of one call: a DNS away now may be back later."""
        return Intake(
            self.database,
            self.clock,
            self.eraser,
            mail_domains_at(self.settings.checks.name_servers),
            is_dry=is_dry,
            dns_limit_s=DNS_LIMIT_S,
        )
