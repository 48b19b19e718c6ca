"""Complaints: ARF reports and their look-alikes, DMARC reports put aside.

A complaint is a report of type abuse, fraud, virus, other or opt-out; *not-spam* says
the opposite and *auth-failure* is about DMARC, not about a person: neither suppresses
anybody. Whom a report is about is often redacted, so the recipient is found where it
can be: named fields, a return address that carries it, the returned letter's own To.
A person who forwards a letter to us complains of nothing: the marks are a machine's.
Sources: RFC 5965, 6449, 6591, 7489 section 7.2, 8460; Hotmail's JMRP, Amazon SES.
"""

from __future__ import annotations

import re

from outreachd.rules import dsn_json
from outreachd.rules.dsn import ADDRESS, blocks
from outreachd.rules.dsn_text import carried, returned_to
from outreachd.rules.notice_mail import Mail

ABUSE = "abuse"
NOT_SPAM = "not-spam"
AUTH_FAILURE = "auth-failure"

_ADDRESS = re.compile(ADDRESS)
_WORD = re.compile(r"[a-z][a-z-]{1,30}")
_RECIPIENT = ("original-rcpt-to", "x-hmxmroriginalrecipient", "removal-recipient",
              "original-recipient", "final-recipient")  # fmt: skip
_DMARC_SUBJECT = re.compile(
    r"^\s*(re: )?report[- ]domain:|dmarc (aggregate|report)|"
    r"\bsubmitter:.*report-id:|tls-?rpt|smtp tls report|^report domain:",
    re.IGNORECASE,
)
_DMARC_FAILURE = re.compile(
    r"dmarc (forensic|fail\w*) report|failed the published dmarc policy|"
    r"did not meet the sending domain's dmarc policy",
    re.IGNORECASE,
)
_DMARC_FILE = re.compile(r"![^\s\"]+!\d{9,11}!\d{9,11}(![^\s\"]+)?\.(xml|zip|gz|json)")


def feedback_type(mail: Mail) -> str | None:
    """Tell what kind of feedback report the mail is, None if it is none."""
    fields = _fields(mail)
    if fields:
        word = _WORD.match(" ".join(fields.get("feedback-type", ())).lower())
        return word[0] if word else ABUSE
    reported = mail.type == "multipart/report" and "feedback-report" in (
        mail.parameters.get("report-type", "").lower()
    )
    if _DMARC_FAILURE.search(mail.headers.get("subject")) and (
        reported or _DMARC_FAILURE.search(mail.text[:2000])
    ):
        return AUTH_FAILURE
    if "x-hmxmroriginalrecipient" in mail.headers or any(
        "x-hmxmroriginalrecipient" in headers for headers in mail.returned
    ):
        return ABUSE
    if dsn_json.complainer(mail):
        return ABUSE
    return ABUSE if reported else None


def is_dmarc_report(mail: Mail) -> bool:
    """Tell an aggregate report about a domain: a file for statistics, of nobody."""
    if mail.type == "multipart/report" and "tlsrpt" in (
        mail.parameters.get("report-type", "").lower()
    ):
        return True
    names = [
        part.headers.get("content-disposition") + part.headers.get("content-type")
        for part in mail.parts
    ]
    filed = any(_DMARC_FILE.search(name) for name in names)
    zipped = any(
        part.type.startswith("application/")
        and part.type.endswith(("zip", "gzip", "octet-stream", "tlsrpt+gzip", "xml"))
        for part in mail.parts
    ) or any(part.type == "text/xml" for part in mail.parts)
    return filed or (
        zipped and bool(_DMARC_SUBJECT.search(mail.headers.get("subject")))
    )


def recipient(mail: Mail) -> str | None:
    """Find whom a report is about, None if that is kept from us."""
    fields = _fields(mail)
    for name in _RECIPIENT:
        for value in fields.get(name, ()):
            if match := _ADDRESS.search(value):
                return match[0]
    for headers in (mail.headers, *mail.returned):
        if match := _ADDRESS.search(headers.get("x-hmxmroriginalrecipient")):
            return match[0]
    if complainer := dsn_json.complainer(mail):
        return complainer
    for value in fields.get("original-mail-from", ()):
        if found := carried(value):
            return found[0]
    return next(iter(returned_to(mail)), None)


def _fields(mail: Mail) -> dict[str, list[str]]:
    joined: dict[str, list[str]] = {}
    for part in mail.of_type("message/feedback-report"):
        for block in blocks(part.text()):
            for name, values in block.items():
                joined.setdefault(name, []).extend(values)
    return joined
