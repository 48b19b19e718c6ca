"""Whether a mail is a machine's notice about delivery: who wrote it, and what it says.

Two questions, both must be answered yes. *Who*: a mail system by its name, a null
return path, a report part, a list of failed recipients. *What*: a subject or a sentence
of non-delivery, or the report itself. A person who forwards a bounce, or writes about
one, has no such name and no such path, so an answer is never taken for a bounce.
Sources: RFC 5321 section 4.5.5 (null path), RFC 3464, ``dsn_words``.
"""

from __future__ import annotations

import re

from outreachd.rules import dsn, dsn_json
from outreachd.rules.autoreply_words import SUBJECT as AUTOMATIC
from outreachd.rules.dsn import ADDRESS
from outreachd.rules.dsn_text import said_and_returned
from outreachd.rules.dsn_words import DAEMON, FORWARDED, SAID, SUBJECT
from outreachd.rules.notice_mail import Mail

_CODE = re.compile(r"(?<!\d)[45]\d\d[ -]")
_ALONE = re.compile(rf"^[ \t]*<?{ADDRESS}>?:?[ \t]*$", re.MULTILINE)
_NAMELESS = re.compile(r"<?[^\s<>@]{1,64}@[^\s<>@]{1,255}>?")
_REPORTS = frozenset({"multipart/report", "message/delivery-status"})


def is_about_delivery(mail: Mail) -> bool:
    """Tell whether a machine wrote it, and that a letter did not, or did, arrive."""
    if dsn_json.told(mail):
        return True
    if mail.type != "multipart/report" and (is_forward(mail) or _is_away(mail)):
        return False
    if _is_by_machine(mail):
        return _says_so(mail)
    return _shows_a_failure(mail)


def is_mail_system(mail: Mail) -> bool:
    """Tell whether its writer bears the name of a mail system."""
    return bool(DAEMON.search(mail.headers.get("from").lower()))


def _is_by_machine(mail: Mail) -> bool:
    headers = mail.headers
    path = headers.get("return-path").lower()
    return (
        is_mail_system(mail)
        or headers.get("from").strip() == "<>"
        or path.startswith("<mailer-daemon")
        or "x-failed-recipients" in headers
        or (path == "<>" and not headers.get("auto-submitted"))
        or (dsn.is_report(mail) and mail.type in _REPORTS)
    )


def _shows_a_failure(mail: Mail) -> bool:
    """Tell a machine without a name: subject and text say so, and it shows what failed.

    A letter that is returned, or an address on a line of its own. A person who writes
    such a subject has a name and a path, answers something or forwards it.
    """
    headers = mail.headers
    if any(name in headers for name in ("in-reply-to", "references", "x-mailer")):
        return False
    said, below = said_and_returned(mail.text)
    return (
        bool(SUBJECT.search(headers.get("subject").lower()))
        and bool(SAID.search(said.lower()))
        and bool(mail.returned or below or _ALONE.search(said))
        and (
            bool(_NAMELESS.fullmatch(headers.get("from")))
            or headers.get("return-path") == "<>"
        )
    )


def _is_away(mail: Mail) -> bool:
    """Tell an automatic answer, which may speak of "the following address", too."""
    away = AUTOMATIC.search(mail.headers.get("subject").lower())
    return bool(away) and not is_mail_system(mail)


def is_forward(mail: Mail) -> bool:
    """Tell whether a person passes a mail on."""
    return bool(FORWARDED.match(mail.headers.get("subject").lower()))


def _says_so(mail: Mail) -> bool:
    headers = mail.headers
    if dsn.is_report(mail) or "x-failed-recipients" in headers:
        return True
    said = said_and_returned(mail.text)[0].lower()
    own = "\n".join(line for line in said.split("\n") if not line.startswith("> "))
    if _may_be_a_person(mail):  # who may share a postmaster's name
        return bool(SAID.search(own) and _CODE.search(own))
    return bool(SUBJECT.search(headers.get("subject").lower()) or SAID.search(own))


def _may_be_a_person(mail: Mail) -> bool:
    """Tell an answer from an address that people use too: postmaster, administrator."""
    headers = mail.headers
    submitted = headers.get("auto-submitted").lower() not in {"", "no"}
    path = headers.get("return-path").lower()
    if submitted or path == "<>" or "daemon" in path + headers.get("from").lower():
        return False
    return "in-reply-to" in headers or "references" in headers
