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
from outreachd.rules.reply import (
    ENHANCED_CODE,
    by_code,
    by_early_phase,
    hinted,
    is_backed,
    known,
    normal,
    read,
)
from outreachd.rules.reply_codes import ENHANCED
from outreachd.rules.reply_words import LIKELY, SURE

MAX_WORDS = 2000  # characters of each layer

_INNER = re.compile(
    r"(?:\bsaid|returned(?: was)?|respon\w{1,9}(?: was| with)?|replied|server message|"
    r"error message(?: below)?|error was|failed with|reason\w*|"
    r"diagnostic[- ]code|<<<(?!<))"
    r"[ \t]*:?[ \t]*(?=[^\n]{0,200}?\b[45]\d\d\b)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_]{3,}.*?[^\W\d_]{3,}")
# Words of a directory that looked and found nobody.
_LOOKED_UP = re.compile(
    r"could(n't| not) be found|not recognized|mailbox unavailable|unknown recipient|"
    r"(nicht|niet) ge(funden|vonden)|introuvable|не найден|impossibile trovare|"
    r"no se encontr|não foi encontrad|można znaleźć|見つかりません|找不到|不存在|"
    r"final delivery userid|recipient ?not ?found|in (\w+ ){1,3}table|not listed in"
)
_HAPPY = frozenset({"delivered", "relayed", "expanded"})


def judge_told(action: str, status: str | None, text: str, said: str = "") -> str:
    """Name the reason: ``text`` of the server that refused, ``said`` of the notice."""
    if action in _HAPPY:
        return "delivered"
    late = action == "delayed"
    # What is only late tells in its outer words of others, and of what may come.
    layers = _layers(text, "" if late and text else said)
    phase = next((one for layer in layers if (one := hinted(layer))), None)
    codes = _codes(layers, status)
    reply = read(layers[0] if layers else "", phase)
    reason = _reason(layers, reply, codes, has_words=bool(_WORDS.search(text)))
    if reason == "unknown":
        reason = "soft_expired" if late else by_code(_coded(reply, status))
    if late and reason.startswith("hard_"):
        return "soft_network"
    temporary = late or (status or str(reply.code)).startswith("4")
    return _doubted(reason, layers, codes, phase, temporary=temporary)


def _layers(text: str, said: str) -> list[str]:
    """List what was said from the innermost outward, without what is empty."""
    layers = []
    for whole in (text[:MAX_WORDS], said[:MAX_WORDS]):
        inner = [found.end() for found in _INNER.finditer(whole)]
        layers += [whole[inner[-1] :], whole] if inner else [whole]
    return [layer for layer in layers if layer.strip()]


def _codes(layers: list[str], status: str | None) -> list[str]:
    """List the enhanced codes, the innermost first; x.0.0 and x.5.0 say nothing."""
    codes = [code for layer in layers for code in ENHANCED_CODE.findall(layer)]
    codes += [status] if status else []
    return [code for code in codes if not code.endswith((".0.0", ".5.0"))]


def _reason(
    layers: list[str], reply: Reply, codes: list[str], *, has_words: bool
) -> str:
    """Ask the tables: the server's words, its code, the notice's words, likely ones."""
    words = [normal(layer) for layer in layers]
    sure = [list(known(SURE, one, reply.phase)) for one in words]
    coded = [
        one for code in codes for one in known(ENHANCED, code, reply.phase, whole=True)
    ]
    early = by_early_phase(reply) if layers else None
    likely = [one for layer in words for one in known(LIKELY, layer, reply.phase)]
    near = [one for layer in (sure[:-1] or sure) for one in layer]
    every = [one for layer in sure for one in layer]
    ordered = (near + coded + every) if has_words else (every + coded)
    return next(iter([*ordered, *([early] if early else []), *likely]), "unknown")


def _coded(reply: Reply, status: str | None) -> Reply:
    """Leave only the code: the status's class where the words hold no code."""
    number = int(status[0]) * 100 + 50 if status and reply.code == 550 else reply.code
    return Reply(reply.phase, number, "")


def _doubted(
    reason: str,
    layers: list[str],
    codes: list[str],
    phase: Phase | None,
    *,
    temporary: bool,
) -> str:
    """Take back a verdict on a person that the evidence does not carry."""
    words = " ".join(layers).lower()
    if reason == "hard_bad_domain" and temporary and "null mx" not in words:
        return "soft_network"  # the DNS had no answer, which is no answer either
    if reason != "hard_no_user" or phase is Phase.RCPT:
        return reason
    backed = any(is_backed(code) for code in codes) or _LOOKED_UP.search(words)
    return reason if backed else "recipient_filtered"
