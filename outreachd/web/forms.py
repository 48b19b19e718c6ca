"""The forms that a value in a body or a query may have: an instant, a cell.

Each is a type for the fields of a body: it says what is allowed and hands on the value
as the rules want it. What no JSON has (NaN, Infinity) is refused, and so is what a
library would make of another type: 1 of true, the year 1970 of a number.
Errors: ValueError with the end of a sentence that begins with the field.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from outreachd.rules.written import within_reach


def _written(value: object) -> object:
    # A number would be read as seconds since 1970, or as thousandths of them.
    if isinstance(value, str) and re.match("[0-9]{4}-", value):
        return value
    raise ValueError('must be a time with its zone, such as "2026-03-01T09:30Z"')


def _cell(value: object) -> str:
    """Write a cell as a contact file would; null is an empty one."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be text, a number or null")
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("must be text, a finite number or null")
    return str(value)


Instant = Annotated[
    AwareDatetime, BeforeValidator(_written), AfterValidator(within_reach)
]
Cell = Annotated[str, BeforeValidator(_cell)]
