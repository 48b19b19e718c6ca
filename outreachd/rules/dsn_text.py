"""Notices about delivery that are only text: who failed, and in which words.

Half of all bounces have no part for machines. A text is first cut where our own
letter is returned in it; what is left names recipients by one of a few habits, tried
in order, and the words after each name are the reason. Addresses that are never the
answer (the notice's own From and To, postmasters) are left out. Nothing is raised.
Every pattern sees a bounded text. Sources: see ``dsn_words``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from outreachd.rules.dsn import ADDRESS, DELAYED, FAILED, MAX_RECIPIENTS, Told
from outreachd.rules.dsn_words import DELAY, HEADER_RUN, RETURNED, RETURNED_BARE, SAID
from outreachd.rules.notice_mail import Headers, Mail, split

MAX_SAID = 16 << 10  # characters of a notice's own words
MAX_LINE = 200  # characters of a line that may be such a mark
MAX_REASON = 1200  # characters that belong to one recipient

_ADDRESS = re.compile(ADDRESS)
_A = rf"(?P<a>{ADDRESS})"
_LEAD = (
    r"\b(?:rcpt to|recipients?|address(?:es)?|users?|mailbox|account|adresse|"
    r"destinat\w{1,9}|to|for|reaching)"
)
# How notices name who failed; the first habit that names somebody is taken.
HABITS = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        rf"^[ \t>]*(?:final|original|x-actual)-recipient:(?:[^;\n]*;)?[ \t<]*{_A}",
        rf"^[ \t]{{0,8}}(?:\d{{3}}[ -](?:\d\.\d\.\d[ ])?)?<?{_A}>?\.\.\.",
        rf"^[ \t]*(?:[*>-]{{1,4}}[ \t]*)?[<(\"']?{_A}[>)\"']?[ \t]*(?::|\.\.\.|-|$)",
        rf"^[^\n<>@]{{0,60}}(?:{ADDRESS} )?<{_A}>[ \t]*:",
        rf"^[ \t]*(?:[*>-]{{1,4}}[ \t]*)?[<(\"']?{_A}[>)\"']?(?=[ \t,;(])",
        rf"[=:]smtp[=:]{_A}",
        rf"{_LEAD}\b[\s:;,\"'<(=.-]{{1,12}}{_A}",
        rf"{_A}",
    )
)
# bounce+token-user=example.org@..., list-bounces+user=example.org@...
_CARRIED = re.compile(r"([\w.+-]{1,64})=((?:[\w-]{1,63}\.){1,8}[\w-]{2,63})@", re.ASCII)
# A virus scanner's boast below a mail, or a list's footer, is none of its words.
_SCANNED = re.compile(
    r"^_{5,} .{0,80}(?:virus|nod32|eset|avast|avg|norton|mcafee|kaspersky).*$|"
    r"^(?:[_=-]{10,}|--)\n.{0,120}"
    r"(?:mailing list|google ?groups|listserv|subscribed|e-mail list)",
    re.IGNORECASE | re.MULTILINE,
)
_LETTERS = re.compile(r"[^\W\d_]{3}")
_SERVANT = re.compile(
    r"^(post[-_]?master|mailer-?daemon|abuse|root|noc)@", re.IGNORECASE
)
_MESSAGE_ID = re.compile(
    r"^[ \t>]*message-id:[ \t]*(<[^<>\s]{3,250}>)", re.IGNORECASE | re.MULTILINE
)
# After such a line stands who failed; before it, whom else the letter went to.
_FOLLOWING = re.compile(
    r"following (?:recipient|address|destination|user)\S*|"
    r"recipients? (?:were |was )?affected|following error",
    re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")


def said_and_returned(text: str) -> tuple[str, Headers]:
    """Divide a notice's own words from the letter it returns below them."""
    return _divided(text[: 4 * MAX_SAID])


@lru_cache(maxsize=4)  # asked several times about the same mail
def _divided(text: str) -> tuple[str, Headers]:
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    text = _SCANNED.split(text, maxsplit=1)[0]
    cuts = [*_marked(text)]
    # "Your message / To: .. / Subject: .. / did not reach": not said anything yet.
    saying = SAID.search(text.lower())
    if saying and (run := HEADER_RUN.search(text, saying.start())):
        cuts.append(run.start())
    cut = min(cuts, default=len(text))
    below = HEADER_RUN.search(text, cut)
    returned = text[below.start() :].encode("utf-8", "replace") if below else b""
    return text[:cut][:MAX_SAID], split(returned)[0]


def _marked(text: str) -> Iterator[int]:
    """Tell where the line stands below which our own letter begins, if there is one."""
    place = 0
    for line in text.split("\n"):
        bare = line.strip(" \t>*#=~_-").lower() if len(line) <= MAX_LINE else ""
        dashed = line.lstrip(" \t>*#=~_").startswith("--")
        if bare and (
            RETURNED_BARE.fullmatch(bare) or (dashed and RETURNED.search(bare))
        ):
            yield place
            return
        place += len(line) + 1


def message_id_below(text: str) -> str | None:
    """Find the Message-ID of a letter that a text returns, if it shows one."""
    found = _MESSAGE_ID.search(text[: 4 * MAX_SAID])
    return found[1] if found else None


def told(mail: Mail) -> list[Told]:
    """List who failed by the words of the notice; empty if it names nobody."""
    said, returned = said_and_returned(mail.text)
    ours = {one.lower() for one in _ours(mail, returned)}
    named = _ADDRESS.findall(mail.headers.get("x-failed-recipients"))
    places = (
        [(said.lower().find(one.lower()), one) for one in named[:MAX_RECIPIENTS]]
        or _places(said, ours)
        or _places(said, set(), HABITS[:-2])  # we wrote to ourselves
        or [(-1, one) for one in carried(mail.headers.get("to"))]
        or [(-1, one) for one in returned_to(mail)]
    )
    happened = action(said)
    return [
        Told(recipient=one, action=happened, status=_status(words), diagnostic=words)
        for one, words in _with_words(said, places)
    ]


def carried(return_address: str) -> list[str]:
    """Read whom we wrote to out of a return address that carries it (VERP)."""
    found = _CARRIED.search(return_address[:500])
    return [f"{found[1].rpartition('+')[2]}@{found[2]}"] if found else []


def returned_to(mail: Mail) -> list[str]:
    """Tell the one address the returned letter went to, where the notice names none."""
    returned = said_and_returned(mail.text)[1]
    found = {
        one.lower(): one
        for headers in (returned, *mail.returned)
        for one in _ADDRESS.findall(headers.get("to")[:500])
    }
    return list(found.values()) if len(found) == 1 else []


def words_about(mail: Mail, named: list[str | None]) -> dict[str | None, str]:
    """Give each recipient that a report names the words of its text about them."""
    said = said_and_returned(mail.text)[0]
    small = said.lower()
    places = [(small.find(one.lower()), one) for one in named if one]
    found = [(start, one) for start, one in places if start >= 0]
    return dict(_with_words(said, found))


def told_of_nobody(mail: Mail) -> Told:
    """Tell what a notice says that names nobody we could know."""
    said = said_and_returned(mail.text)[0].strip()
    return Told(
        recipient=None, action=action(said), status=_status(said), diagnostic=said
    )


def action(said: str) -> str:
    """Tell a warning, after which the letter may still arrive, from a failure."""
    return DELAYED if DELAY.search(said.lower()) else FAILED


def _ours(mail: Mail, returned: Headers) -> Iterator[str]:
    for name in ("from", "to", "reply-to", "return-path", "delivered-to"):
        yield from _ADDRESS.findall(mail.headers.get(name)[:500])
    for headers in (returned, *mail.returned):
        for name in ("from", "return-path", "sender"):
            yield from _ADDRESS.findall(headers.get(name)[:500])


def _places(
    said: str, ours: set[str], habits: tuple[re.Pattern[str], ...] = HABITS
) -> list[tuple[int, str]]:
    """Find who is named, each once, and where the words about them begin."""
    following = _FOLLOWING.search(said)
    if following and (below := _named(said, ours, habits, following.end())):
        return below
    return _named(said, ours, habits, 0)


def _named(
    said: str, ours: set[str], habits: tuple[re.Pattern[str], ...], start: int
) -> list[tuple[int, str]]:
    for habit in habits:
        found: dict[str, tuple[int, str]] = {}
        for match in habit.finditer(said, start):
            one = match["a"]
            if one.lower() in ours or _SERVANT.match(one):
                continue
            found.setdefault(one.lower(), (match.start("a"), one))
            if len(found) == MAX_RECIPIENTS:
                break
        if found:
            return list(found.values())
    return []


def _with_words(said: str, places: list[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """Give each recipient the words that follow the name, as far as they are theirs."""
    starts = sorted(start for start, _ in places if start >= 0)
    for start, one in places:
        if start < 0:
            yield one, said.strip()
            continue
        after = start + len(one)
        end = min([other for other in starts if other > start] or [len(said)])
        words = said[after : min(end, after + MAX_REASON)].lstrip(" \t<>()'\":.,;")
        line, _, _ = words.partition("\n")
        if said[after : after + 5].lstrip("> ").startswith("..."):
            yield one, line  # a transcript: the next line is about somebody else
            continue
        own, _, _ = words.partition("\n\n")
        yield one, (own if _LETTERS.search(own) else words).strip()


def _status(words: str) -> str | None:
    found = _STATUS.findall(words)
    return next((one for one in found if not one.endswith(".0.0")), None) or (
        found[0] if found else None
    )
