"""A small fleet in a database and a standby's helm on it, for tests that steer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from outreachd.clock import RealClock
from outreachd.fleet.load import load
from outreachd.helm import Helm
from outreachd.rules.health_rules import RULES
from outreachd.rules.token import TokenMint
from outreachd.store.database import Database
from outreachd.store.fleet import apply
from outreachd.store.vault import Vault
from tests.commands.conftest import FLEET, PUT_SENDS

MINT = TokenMint({0: b"k" * 32}, 0)


async def apply_small_fleet(db: Database, folder: Path) -> None:
    """Apply the small fleet."""
    file = folder / "fleet.toml"
    file.write_text(FLEET)
    async with db.connection() as connection:
        now = RealClock().now()
        await apply(connection, load(file), Vault(bytes(32)), now=now, author="test")


def standby(db: Database, drained: list[bool]) -> Helm:
    """Give the helm of a standby: there is no shift to ask."""
    return Helm(
        db,
        RealClock(),
        MINT,
        shift=lambda: None,
        readiness=lambda: (True, "standby"),
        drain=lambda: drained.append(True),
        rules=RULES,
    )


async def put(db: Database, *, state: str = "scheduled", in_s: float = 0) -> int:
    """Put one send of the campaign spring."""
    due_at = RealClock().now() + timedelta(seconds=in_s)
    reason = "template_error" if state == "held" else None
    async with db.connection() as connection:
        id: int = await connection.fetchval(
            PUT_SENDS, "spring", 1, state, due_at, reason
        )
    return id
