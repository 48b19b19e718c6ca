"""What part of today's letters each client and campaign wanted and got.

Wanted is what the weights give while all have work (``rules/share``); got is what was
begun on the client's present day, follow-ups included. Who had less to send got less:
the others took the turns. Errors: LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import asyncpg

from outreachd.rules.share import parts
from outreachd.store import sql
from outreachd.store.database import Connection


async def read_shares(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    """List clients, each with its campaigns: part wanted, part got, letters."""
    rows = await connection.fetch(sql.text("count_shares"), now)
    by_client = [list(group) for _, group in groupby(rows, lambda r: r["client_id"])]
    wanted = parts({of[0]["client_id"]: of[0]["client_weight"] for of in by_client})
    total = sum(row["n"] for row in rows)
    return [
        {
            "client": of[0]["client"],
            **_part(wanted[of[0]["client_id"]], _sum(of), total),
            "campaigns": _campaigns(of),
        }
        for of in by_client
    ]


def _campaigns(rows: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
    wanted = parts({row["campaign_id"]: row["campaign_weight"] for row in rows})
    return [
        {
            "campaign": row["campaign"],
            **_part(wanted[row["campaign_id"]], row["n"], _sum(rows)),
        }
        for row in rows
    ]


def _part(wanted: float, n: int, total: int) -> dict[str, Any]:
    got = round(n / total, 4) if total else None
    return {"wanted": round(wanted, 4), "got": got, "n": n}


def _sum(rows: Iterable[asyncpg.Record]) -> int:
    return sum(row["n"] for row in rows)
