"""Follows a rule's questions with answers from a dictionary, at once and in order.

``Zone`` maps "name KIND" to records; a name without any does not exist. What is in
``faults`` cannot be told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from outreachd.rules.inquiry import Answer, Inquiry, Outcome, Question

T = TypeVar("T")

Zone = Mapping[str, Collection[str]]


@dataclass
class Dns:
    """A DNS that is a dictionary."""

    zone: Zone
    faults: Collection[str] = ()  # names
    asked: list[str] = field(default_factory=list)

    def answer(self, question: Question) -> Answer:
        """Answer one question."""
        name = question.name.lower().rstrip(".")
        self.asked.append(f"{name} {question.kind}")
        if name in self.faults:
            return Answer(Outcome.FAULT, why="no answer in time")
        if records := self.zone.get(f"{name} {question.kind}"):
            return Answer(Outcome.FOUND, tuple(records))
        exists = any(key.split(" ")[0] == name for key in self.zone)
        return Answer(Outcome.NO_RECORD if exists else Outcome.NO_NAME)

    def follow(self, inquiry: Inquiry[T]) -> T:
        """Answer all questions of a rule; tell what it found."""
        try:
            question = next(inquiry)
            while True:
                question = inquiry.send(self.answer(question))
        except StopIteration as end:
            found: T = end.value
            return found


class DeadDns(Dns):
    """A DNS that cannot tell anything."""

    def __init__(self) -> None:
        super().__init__({})

    def answer(self, question: Question) -> Answer:
        """Tell that nobody can tell."""
        return Answer(Outcome.FAULT, why="no answer in time")
