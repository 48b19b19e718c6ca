"""A wording made ready for the engine: checked, styles worked in, a text beside HTML.

The same for what stands in a fleet file and what comes by POST /v1/sends, so that
nothing hostile has an easier door. What is ready is what is stored, and what is stored
is what is sent: a letter does not change because a library did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from outreachd.rules import template
from outreachd.rules.html_css import with_inlined_styles
from outreachd.rules.html_text import text_of
from outreachd.rules.markup import BadMarkupError
from outreachd.rules.template_tags import Problem


@dataclass(frozen=True, slots=True)
class Wording:
    """The templates of a letter; None = there is none."""

    subject: str | None
    text: str | None
    html: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a part of a wording."""

    part: str  # subject, text or html
    problem: Problem


def prepared(wording: Wording) -> Wording | list[Fault]:
    """Make a wording ready, or list what is wrong with it."""
    parts = {
        "subject": wording.subject,
        "text": wording.text,
        "html": wording.html,
    }
    faults = [
        Fault(part, problem)
        for part, source in parts.items()
        for problem in template.check(part, source or "")
    ]
    if faults or wording.html is None:
        return faults or wording
    try:
        html = with_inlined_styles(wording.html)
        text = text_of(wording.html) if wording.text is None else wording.text
    except BadMarkupError as error:
        return [Fault("html", Problem(error.line, error.sentence))]
    if problems := template.check("html", html):
        return [Fault("html", problem) for problem in problems]
    return replace(wording, text=text, html=html)
