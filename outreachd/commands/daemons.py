"""Which of the daemons on the list answer, and how they are shown.

A daemon writes every ten seconds that it lives. One that was killed cannot take itself
off the list, so it is known by other signs too: its process is gone, if it was on this
machine, or it says that it sends and its lease has run out.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from outreachd.commands.words import shown, spoken

SILENT_S = 25.0  # two signs of life missed

Instance = Mapping[str, Any]


def why_gone(instance: Instance) -> str | None:
    """Tell why a daemon is taken for gone; None = it lives."""
    if _has_ended(instance["host"], instance["pid"]):
        return "its process has ended"
    if instance["role"] == "active" and not instance["holds_lease"]:
        return "its lease has run out"
    if instance["seen_s"] >= SILENT_S:
        return "it says nothing"
    return None


def daemon_line(instance: Instance, now: datetime) -> str:
    """Show a daemon, and whether it answers."""
    where = f"{instance['role']}, {instance['host']} pid {instance['pid']}"
    seen = f"last seen {spoken(instance['seen_s'])} ago"
    if (why := why_gone(instance)) is not None:
        return f"NOT ANSWERING, {seen}, {why}: {where}"
    since = f"{instance['version']}, since {shown(instance['started_at'], now)}"
    return f"{where}, {since}, {seen}"


def _has_ended(host: str, pid: int) -> bool:
    """Tell whether a process of this machine is gone; of others nothing is known."""
    if host != socket.gethostname():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # it runs, as somebody else
    return False
