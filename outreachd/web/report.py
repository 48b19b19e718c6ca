"""``GET /v1/report``: what came of the letters, as JSON or CSV.

The same question and the same counts as the verb: by, since, until, client, campaign;
CSV where the caller accepts text/csv or says format=csv.
"""

from __future__ import annotations

from aiohttp import hdrs, web

from outreachd.clock import Clock
from outreachd.rules.figures import By, csv_of, rows, total
from outreachd.rules.written import parse_since
from outreachd.store.database import Database
from outreachd.store.figures import Asked, read_figures
from outreachd.store.steering import NoSuchError
from outreachd.web.gates import answer, encoded, problem

CSV = "text/csv"
PARAMETERS = {"by", "since", "until", "client", "campaign", "format"}


def report_routes(database: Database, clock: Clock) -> list[web.AbstractRouteDef]:
    """Make the route of figures."""

    async def report(request: web.Request) -> web.Response:
        """Count and answer."""
        try:
            asked = _asked(request, clock)
        except ValueError as error:
            return problem(422, f"The question is not right: {error}.")
        try:
            figures = await read_figures(database, asked)
        except NoSuchError as error:
            raise web.HTTPNotFound(text=f"{error}.") from None
        if _wants_csv(request):
            return encoded(csv_of(figures).encode(), content_type=CSV)
        return answer(
            {
                "by": asked.by.value,
                "since": asked.since,
                "until": asked.until,
                "rows": list(rows(figures)),
                "total": next(rows([total(figures)])),
            }
        )

    return [web.get("/v1/report", report)]


def _asked(request: web.Request, clock: Clock) -> Asked:
    query, now = request.query, clock.now()
    if unknown := query.keys() - PARAMETERS:
        raise ValueError(
            f"{min(unknown)} is not one of {', '.join(sorted(PARAMETERS))}"
        )
    by = query.get("by", By.CAMPAIGN.value)
    if by not in {one.value for one in By}:
        raise ValueError(f"by must be one of {', '.join(By)}")
    return Asked(
        by=By(by),
        since=parse_since(query.get("since", "30d"), now),
        until=parse_since(query["until"], now) if "until" in query else now,
        client=query.get("client"),
        campaign=query.get("campaign"),
    )


def _wants_csv(request: web.Request) -> bool:
    accepted = request.headers.get(hdrs.ACCEPT, "")
    return request.query.get("format") == "csv" or CSV in accepted
