"""What we make of a server's reply: a verdict of scope, permanence and reason.

The rules are data (``reply_words``, ``reply_codes``), ordered, first match wins. Here
is only the order of evidence: how far the dialogue had come, the sure words, the
enhanced code (RFC 3463), likely words, the basic code (RFC 5321), its first digit.
Words go before codes because codes are misused. A yes counts only at the final dot;
no reply is a matter of the connection before the dot, of uncertainty after it.
What is about us (sender, login, quota, reputation) never fails a letter by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import assert_never

from outreachd.rules.model import Permanence, Phase, Reply, Scope, Verdict
from outreachd.rules.notice_phrases import Rule
from outreachd.rules.reply_codes import BASIC, ENHANCED
from outreachd.rules.reply_words import LIKELY, SURE

TEXT_AT_MOST = 512  # characters
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
ENHANCED_CODE = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_NOBODY = re.compile(r"(?<![\d.])[45]\.1\.\d{1,3}(?![\d.])")
_LINK = re.compile(
    r"https?://\S*?(p=\w+|groups\.google\.com/support|(?=[\s>)]|$))[^\s>)]*"
)
_ADDRESS = re.compile(r"<?[\w.+=*-]{1,80}@[\w.*-]+>?")
_HINT = re.compile(r"\(in reply to [^)]*\)")
# The code that each further line of a reply begins with.
_AGAIN = re.compile(r"(?<=\S) [245]\d\d[ -][245]\.\d{1,3}\.\d{1,3} (?=\S)")
_CODE = re.compile(r"(?<![\d.:\[-])((?:\A2|[45])[0-5]\d)(?=[ -]|$)")
_HINTS = (
    (re.compile(r"after initial connection|refused to talk to me"), Phase.GREETING),
    (re.compile(r"(after|in reply to) mail from"), Phase.MAIL),
    (
        re.compile(r"(after|in reply to) (end of )?data|end of data|final data"),
        Phase.DOT,
    ),
    (re.compile(r"\brcpt\b"), Phase.RCPT),
)

ACCEPTED = Verdict(Scope.MESSAGE, Permanence.ACCEPTED, "delivered")
UNCERTAIN = Verdict(Scope.MESSAGE, Permanence.UNKNOWN, "unknown")
NO_REPLY = Verdict(Scope.CONNECTION, Permanence.TEMPORARY, "soft_network")
NO_TLS = Verdict(Scope.CONNECTION, Permanence.TEMPORARY, "tls")

# Whom a reason is about; what is not here is about the one message.
SCOPES = {
    "hard_no_user": Scope.RECIPIENT,
    "hard_inactive": Scope.RECIPIENT,
    "hard_bad_domain": Scope.RECIPIENT,
    "recipient_filtered": Scope.RECIPIENT,
    "soft_mailbox_full": Scope.RECIPIENT,
    "soft_greylist": Scope.RECIPIENT,
    "sender_rejected": Scope.MAILBOX,
    "auth_credentials": Scope.MAILBOX,
    "auth_rate_limit": Scope.MAILBOX,
    "quota_sender": Scope.MAILBOX,
    "account_suspended": Scope.MAILBOX,
    "relay_denied": Scope.MAILBOX,
    "auth_dmarc": Scope.DOMAIN,
    "block_reputation": Scope.DOMAIN,
    "block_ip": Scope.ACCOUNT,
    "block_dns": Scope.ACCOUNT,
    "rate_limit": Scope.ACCOUNT,
    "tls": Scope.ACCOUNT,
    "soft_network": Scope.CONNECTION,
    "too_many_recipients": Scope.CONNECTION,
}
EARLY = frozenset(
    {Phase.CONNECT, Phase.GREETING, Phase.EHLO, Phase.TLS, Phase.AUTH, Phase.MAIL}
)
# The letter may go later although the code begins with a 5: the fault lies elsewhere.
LATER = frozenset(
    {"soft_mailbox_full", "soft_greylist", "soft_network", "remote_error", "tls",
     "rate_limit", "too_many_recipients", "protocol_error", "relay_denied",
     "sender_rejected", "auth_credentials", "auth_rate_limit", "quota_sender",
     "account_suspended", "auth_dmarc", "block_ip", "block_dns", "block_reputation"}
)  # fmt: skip
PAUSING = frozenset(
    {"sender_rejected", "auth_credentials", "auth_rate_limit", "quota_sender",
     "account_suspended", "relay_denied", "auth_dmarc", "block_reputation",
     "block_ip", "block_dns"}
)  # fmt: skip


def clean(text: str) -> str:
    """Make a server's text fit for logs and database: no controls, no surrogates."""
    if len(text) <= TEXT_AT_MOST and text.isprintable():
        return text
    # What is cut away unseen cannot be worth the time it takes to look at it.
    return _UNPRINTABLE.sub(" ", text[: 4 * TEXT_AT_MOST]).strip()[:TEXT_AT_MOST]


def judge(reply: Reply, *, ours: bool = True) -> Verdict:
    """Judge a reply; ``ours`` = our submission host spoke, not the recipient's MX."""
    if reply.phase is Phase.DOT:
        if 200 <= reply.code < 300:
            return ACCEPTED
        if not 400 <= reply.code < 600:
            return UNCERTAIN
    elif reply.code == 0:
        return NO_TLS if reply.phase is Phase.TLS else NO_REPLY
    reason = _reason(reply)
    if (
        reason == "hard_no_user"
        and reply.phase is Phase.DOT
        and not is_backed(reply.text)
    ):
        reason = "recipient_filtered"  # the directory had said yes at RCPT
    scope = SCOPES.get(reason, Scope.MESSAGE)
    if reason == "relay_denied" and not ours:
        scope = Scope.RECIPIENT
    permanent = reply.code >= 500 and reason not in LATER
    permanence = Permanence.PERMANENT if permanent else Permanence.TEMPORARY
    return Verdict(scope, permanence, reason)


def is_backed(text: str) -> bool:
    """Tell whether an address code (x.1.x, RFC 3463) says that nobody is there."""
    return bool(_NOBODY.search(text))


def action(verdict: Verdict) -> str:
    """Say in a word what follows from a verdict, for people."""
    if verdict.permanence is Permanence.ACCEPTED:
        return "none"
    if verdict.permanence is Permanence.UNKNOWN:
        return "settle"
    if verdict.reason in PAUSING:
        return "pause"
    if verdict.permanence is Permanence.TEMPORARY:
        return "slow" if verdict.reason == "rate_limit" else "retry"
    return "suppress" if verdict.reason.startswith("hard_") else "fail"


def read(line: str, phase: Phase | None = None) -> Reply:
    """Read a reply as people paste it: a bare one, or the tail of a bounce.

    The first code counts ("host x said: 550 ..."), else the class of an enhanced one;
    a line without any is a failure that somebody reports, so permanent. Without a
    ``phase`` the line's own hint counts ("in reply to MAIL FROM"), else RCPT.
    """
    enhanced = ENHANCED_CODE.search(line)
    code = _CODE.search(line)
    if code:
        number = int(code[1])
    else:
        number = int(enhanced[0][0]) * 100 + 50 if enhanced else 550
    text = line[code.end() :] if code and not line[: code.start()].strip() else line
    if len(text) > TEXT_AT_MOST:  # a long story says what it means at its ends
        text = f"{text[: TEXT_AT_MOST // 2 - 1]} {text[-TEXT_AT_MOST // 2 :]}"
    phase = phase or hinted(line) or Phase.RCPT
    return Reply(phase, number, clean(text.lstrip(" -")))


def hinted(line: str) -> Phase | None:
    """Tell what a line says about how far the dialogue had come."""
    words = " ".join(line.lower().split())
    return next((phase for pattern, phase in _HINTS if pattern.search(words)), None)


def _reason(reply: Reply) -> str:
    if 0 < reply.code < 400:
        return "protocol_error"  # a yes where only a 354 or a dot may have one
    words = normal(f"{reply.code} {reply.text}")
    code = ENHANCED_CODE.search(words)
    return (
        next(known(SURE, words, reply.phase), None)
        or (code and next(known(ENHANCED, code[0], reply.phase, whole=True), None))
        or by_early_phase(reply)
        or next(known(LIKELY, words, reply.phase), None)
        or by_code(reply)
    )


def normal(text: str) -> str:
    """Leave only words: no addresses, no links but Gmail's ``p=`` key, one space."""
    text = _ADDRESS.sub("addr", _LINK.sub(r" \1 ", text.lower()))
    return _AGAIN.sub(" ", " ".join(_HINT.sub("", text).split()))


def known(
    rules: tuple[Rule, ...], words: str, phase: Phase, *, whole: bool = False
) -> Iterator[str]:
    """Find the reasons that may be true in this phase, in order."""
    for rule in rules:
        find = rule.pattern.fullmatch if whole else rule.pattern.search
        if _may_be(rule.reason, phase) and find(words):
            yield rule.reason


def _may_be(reason: str, phase: Phase) -> bool:
    """Before RCPT nothing is about the recipient: an unknown login costs no contact."""
    return phase not in EARLY or SCOPES.get(reason) is not Scope.RECIPIENT


def by_early_phase(reply: Reply) -> str | None:
    """Name the reason of a refusal before RCPT, whatever its words."""
    permanent = reply.code >= 500
    match reply.phase:
        case Phase.CONNECT | Phase.GREETING | Phase.EHLO:
            return "block_ip" if permanent else "soft_network"
        case Phase.TLS:
            return "tls"
        case Phase.AUTH:
            return "auth_credentials" if permanent else "remote_error"
        case Phase.MAIL:
            return "sender_rejected" if permanent else None
        case Phase.RCPT | Phase.DATA | Phase.DOT:
            return None
        case _:
            assert_never(reply.phase)


def by_code(reply: Reply) -> str:
    """Name the reason by the bare code and the phase, when nothing else told it."""
    if reply.phase is Phase.RCPT and reply.code == 553:
        return "hard_no_user"
    if reply.phase is Phase.DOT and reply.code == 554:
        return "policy_other"
    reason = BASIC.get(reply.code, "unknown")
    return reason if _may_be(reason, reply.phase) else "unknown"
