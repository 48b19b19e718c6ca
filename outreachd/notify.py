"""Tell systemd how we are: ready, stopping, alive.

Without systemd ($NOTIFY_SOCKET unset) nothing happens. Telling never blocks and never
raises: a service manager that does not listen is no reason to stop sending. The
interval is in seconds, half of what systemd allows, and None when nobody watches.
Source: sd_notify(3), sd_watchdog_enabled(3).
"""

from __future__ import annotations

import os
import socket

from outreachd.rules.written import parse_number


def sd_notify(*lines: str) -> bool:
    """Send lines such as ``READY=1`` or ``WATCHDOG=1``; tell if they were taken."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):  # an abstract socket: no file
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
            notifier.setblocking(False)
            notifier.sendto("\n".join(lines).encode(), address)
    except OSError:
        return False
    return True


def watchdog_interval_s() -> float | None:
    """Tell how often to send ``WATCHDOG=1``."""
    limit_us, pid = os.environ.get("WATCHDOG_USEC"), os.environ.get("WATCHDOG_PID")
    if pid not in (None, str(os.getpid())):
        return None
    try:
        return parse_number(limit_us or "") / 2e6 or None
    except ValueError:  # no systemd wrote this
        return None
