"""Amazon SES's notices by mail: an SNS message whose text is JSON.

SNS wraps the JSON at some width and adds a footer of its own; both are undone. What is
no JSON, or has other shapes than the documented, is no notice. These mails are
believed for their form only, as every other: whether the letter is ours, its
identifiers tell. Source: Amazon SES, "Notification contents".
"""

from __future__ import annotations

import json
import re
from typing import Any

from outreachd.rules.dsn import FAILED, MAX_RECIPIENTS, Told, address
from outreachd.rules.notice_mail import Mail
from outreachd.rules.notice_text import fit

MAX_JSON = 64 << 10  # characters
MAX_ADDRESS = 500

_SNS = re.compile(r"sns\.amazonaws\.com|aws notification")
_WRAP = re.compile(r"\r?\n[ \t]?")
_KINDS = {"bounce": "bouncedRecipients", "delivery": "recipients",
          "complaint": "complainedRecipients"}  # fmt: skip


def told(mail: Mail) -> list[Told]:
    """List whom an SES bounce or delivery notice is about; empty for any other mail."""
    kind, body = _parsed(mail)
    if kind not in {"bounce", "delivery"}:
        return []
    rows = body.get(_KINDS[kind])
    rows = rows[:MAX_RECIPIENTS] if isinstance(rows, list) else []
    return [one for row in rows if (one := _told(kind, row, body))]


def complainer(mail: Mail) -> str | None:
    """Tell who complained by an SES notice; None for any other mail."""
    kind, body = _parsed(mail)
    rows = body.get(_KINDS["complaint"]) if kind == "complaint" else None
    row = rows[0] if isinstance(rows, list) and rows else None
    return _address(row.get("emailAddress")) if isinstance(row, dict) else None


def _told(kind: str, row: Any, body: dict[str, Any]) -> Told | None:
    if isinstance(row, str):
        return Told(
            recipient=_address(row),
            action="delivered",
            diagnostic=_text(body, "smtpResponse"),
        )
    if not isinstance(row, dict) or not isinstance(row.get("emailAddress"), str):
        return None
    status = _text(row, "status")
    return Told(
        recipient=_address(row["emailAddress"]),
        action=FAILED if kind == "bounce" else "delivered",
        status=status or None,
        diagnostic=_text(row, "diagnosticCode").removeprefix("smtp; "),
    )


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    return fit(value[:2000]) if isinstance(value, str) else ""


def _address(value: object) -> str | None:
    """Read an address; JSON can write any character, and as many as it likes."""
    return address(fit(value[:MAX_ADDRESS])) if isinstance(value, str) else None


def _parsed(mail: Mail) -> tuple[str, dict[str, Any]]:
    marks = f"{mail.headers.get('from')} {mail.headers.get('subject')}".lower()
    if not _SNS.search(marks):
        return "", {}
    text = mail.text[:MAX_JSON]
    start, end = text.find("{"), text.rfind("}")
    if not 0 <= start < end:
        return "", {}
    try:
        row = json.loads(_WRAP.sub("", text[start : end + 1]), strict=False)
    except (ValueError, RecursionError):
        return "", {}
    if not isinstance(row, dict):
        return "", {}
    if isinstance(row.get("Message"), str):  # SNS's own envelope around it
        return "", {}
    kind = str(row.get("notificationType") or row.get("eventType")).lower()
    body = row.get(kind)
    return (kind, body) if kind in _KINDS and isinstance(body, dict) else ("", {})
