"""Questions to the DNS that a rule asks as values, and the answers it is told.

A rule that needs the DNS is a generator: it yields a ``Question``, is sent an
``Answer`` and returns what it found. Whoever drives it does the waiting, so the rule
stays pure and can be replayed. What always holds: a fault of the DNS is an outcome of
its own, never the same as "there is none". Names are written without a last dot.
Source: RFC 1034; RFC 2308 (no name, no record).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import TypeAlias, TypeVar

T = TypeVar("T")


class RecordKind(StrEnum):
    """The kinds of records that checks look at."""

    A = "A"
    AAAA = "AAAA"
    MX = "MX"
    PTR = "PTR"
    TXT = "TXT"


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to look up."""

    name: str
    kind: RecordKind


class Outcome(StrEnum):
    """What became of a question; fault = the DNS could not tell."""

    FOUND = "found"
    NO_NAME = "no_name"
    NO_RECORD = "no_record"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the DNS told: TXT whole, MX as "10 host", names without a last dot."""

    outcome: Outcome
    records: tuple[str, ...] = ()
    why: str = ""  # of a fault, for people


Inquiry: TypeAlias = Generator[Question, Answer, T]


def ask(name: str, kind: RecordKind) -> Inquiry[Answer]:
    """Ask one question."""
    return (yield Question(name, kind))


def every(inquiries: Iterable[Inquiry[T]]) -> Inquiry[list[T]]:
    """Follow one inquiry after the other."""
    found = []
    for inquiry in inquiries:
        found.append((yield from inquiry))  # noqa: PERF401 - no yield in a list of one
    return found


def addresses(name: str) -> Inquiry[Answer]:
    """Ask for both families; a fault only if nothing else can be said."""
    four = yield from ask(name, RecordKind.A)
    six = yield from ask(name, RecordKind.AAAA)
    if found := four.records + six.records:
        return Answer(Outcome.FOUND, found)
    for one in (four, six):
        if one.outcome is Outcome.FAULT:
            return one
    return four


def reverse_name(address: str) -> str:
    """Tell under which name an address has its PTR record."""
    return ip_address(address).reverse_pointer


def text_records(name: str, version: str) -> Inquiry[Answer]:
    """Ask for the TXT records that begin with a version, such as ``v=DKIM1``."""
    answer = yield from ask(name, RecordKind.TXT)
    if answer.outcome is not Outcome.FOUND:
        return answer
    ours = tuple(text for text in answer.records if _has_version(text, version))
    return Answer(Outcome.FOUND if ours else Outcome.NO_RECORD, ours)


def _has_version(text: str, version: str) -> bool:
    head = text.strip().lower().replace(" ", "")
    wanted = version.lower()
    return head == wanted or head.startswith(f"{wanted};")


def tags(text: str) -> dict[str, str]:
    """Read ``a=1; b=2``; ValueError on a tag without "=" or one given twice.

    Source: RFC 6376 section 3.2.
    """
    found: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not equals or not name:
            raise ValueError(f'"{part.strip()[:40]}" is no tag')
        if name in found:
            raise ValueError(f'the tag "{name}" is given twice')
        found[name] = value.strip()
    return found
