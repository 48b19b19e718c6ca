"""The reason a notice gives for a recipient, by the same tables as a server's reply.

A notice repeats the reply of the server that refused, with words of its own around it:
the innermost words count before the outer ones, sure words before codes, codes before
likely words. A refusal that is only delayed, or delivered after all, has a reason that
suppresses nobody. "No such user" that neither an address code (x.1.x) nor the RCPT
phase backs is taken for the recipient's filter: it needs to be heard twice.
Sources: RFC 3464 section 2.3, RFC 3463; the order is that of ``reply``.
"""

from __future__ import annotations

import re

from outreachd.rules.model import Phase, Reply
from outreachd.rules.reply import ENHANCED_CODE, by_code, by_early_phase, hinted, known, normal, read
from outreachd.rules.reply_codes import ENHANCED
from outreachd.rules.reply_words import LIKELY, SURE

MAX_WORDS = 2000  # characters of each layer

_INNER = re.compile(
    r"(?:\bsaid|returned(?: was)?|respon\w+(?: was| with)?|replied|server message|"
    r"error message(?: below)?|error was|failed with|reason\w*|diagnostic[- ]code|<<<)"
    r"[ \t]*:?[ \t]*(?=\S*[^\n]*\b[45]\d\d\b)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_]{3,}.*?[^\W\d_]{3,}")
_BACKED = re.compile(r"[45]\.1\.\d+")
# Words of a directory that looked and found nobody.
_LOOKED_UP = re.compile(
    r"could(n't| not) be found|not recognized|mailbox unavailable|unknown recipient|"
    r"final delivery userid|recipient ?not ?found|in (\w+ ){1,3}table"
)
_HAPPY = frozenset({"delivered", "relayed", "expanded"})


def judge_told(action: str, status: str | None, text: str, said: str = "") -> str:
    """Name the reason: ``text`` of the server that refused, ``said`` of the notice."""
    if action in _HAPPY:
        return "delivered"
    # What is only late names other people's and yesterday's troubles in its outer words.
    layers = _layers(text, "" if action == "delayed" and text else said)
    phase = next((one for layer in layers if (one := hinted(layer))), None)
    codes = _codes(layers, status)
    reason = _reason(layers, phase or Phase.RCPT, codes, bool(_WORDS.search(text)))
    reply = read(layers[0] if layers else "", phase)
    if reason == "unknown" and action == "delayed":
        return "soft_expired"
    if reason == "unknown":
        reason = by_code(Reply(reply.phase, _number(status, reply.code), ""))
    temporary = (status or str(reply.code)).startswith("4")
    if reason == "hard_bad_domain" and temporary:
        return "soft_network"  # the DNS had no answer, which is no answer either
    if action == "delayed" and reason.startswith("hard_"):
        return "soft_network"
    if reason == "hard_no_user" and phase is not Phase.RCPT:
        backed = any(_BACKED.fullmatch(code) for code in codes)
        backed = backed or any(_LOOKED_UP.search(layer.lower()) for layer in layers)
        return reason if backed else "recipient_filtered"
    return reason


def _layers(text: str, said: str) -> list[str]:
    """List what was said from the innermost outward, without what is empty."""
    layers = []
    for one in (text, said):
        one = one[:MAX_WORDS]
        inner = [found.end() for found in _INNER.finditer(one)]
        layers += [one[inner[-1] :]] if inner else []
        layers.append(one)
    return [layer for layer in layers if layer.strip()]


def _codes(layers: list[str], status: str | None) -> list[str]:
    """List the enhanced codes, the innermost first; x.0.0 says nothing."""
    codes = [code for layer in layers for code in ENHANCED_CODE.findall(layer)]
    codes += [status] if status else []
    return [code for code in codes if not code.endswith((".0.0", ".5.0"))]


def _reason(
    layers: list[str], phase: Phase, codes: list[str], has_words: bool
) -> str:
    words = [normal(layer) for layer in layers]
    inner = words[:-1] or words
    sure = [reason for one in words for reason in known(SURE, one, phase)]
    near = [reason for one in inner for reason in known(SURE, one, phase)]
    coded = [reason for code in codes for reason in known(ENHANCED, code, phase, whole=True)]
    early = by_early_phase(read(layers[0], phase)) if layers else None
    likely = [early] if early else []
    likely += [reason for one in words for reason in known(LIKELY, one, phase)]
    ordered = near + coded + sure + likely if has_words else sure + coded + likely
    return next(iter(ordered), "unknown")


def _number(status: str | None, code: int) -> int:
    return int(status[0]) * 100 + 50 if status and code == 550 else code
