"""What is wrong with a template, in words for people who write letters, not programs.

The engine speaks to programmers ("unexpected identifier, expected end of variable
block"); what it says most is said here in other words, with what to write instead.
What is not on the list is told as it is. Source: the messages of minijinja 2 and 3.
"""

from __future__ import annotations

import re

_NO_END = "an {% if %} or {% for %} has no {% endif %} or {% endfor %}"
_TWO_NAMES = (
    "two words stand beside each other: a variable is one word, such as first_name"
)
_SAID = (
    (r"unexpected (?:identifier|string|integer), expected end of .*", _TWO_NAMES),
    (r"unexpected end of input, expected end of block", _NO_END),
    (r"unexpected end of (?:variable )?block, expected (?:identifier|in).*", ""),
    (r"unexpected end of variable block", "something is missing before }}"),
    (r"unexpected end of block", "something is missing before %}"),
    (r"unknown statement (end\w+)", r"{% \1 %} ends nothing that is open here"),
    (r"unknown statement (el\w+)", r"{% \1 %} stands outside an {% if %}"),
)
_MISSING = {"in": "write {% for x in list %}", "": "a name is missing at its end"}
_HINTS = {
    "}": "a tag ends with }} or %}",
    "{": "a tag cannot stand within a tag",
    "&": "write `and`",
    "!": "write `not`",
    "?": "write {% if %}",
    "'": "the quote has no end",
    '"': "the quote has no end",
    **dict.fromkeys("“”„«»", 'write straight quotes, "'),
    **dict.fromkeys("‘’", "write straight quotes, '"),
}


def plainly(said: str) -> str:
    """Say in plain words what the engine said."""
    for pattern, words in _SAID:
        if re.fullmatch(pattern, said):
            if not words:
                return _MISSING["in" if said.endswith("expected in") else ""]
            return re.sub(pattern, words, said)
    return said


def odd_sign(sign: str) -> str:
    """Say that a sign may not stand in a tag, and what may be meant."""
    hint = _HINTS.get(sign)
    return f"{sign!r} may not stand in a tag" + (f": {hint}" if hint else "")
