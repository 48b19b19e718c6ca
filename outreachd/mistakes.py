"""What is wrong in a settings or fleet file, told to the person who wrote it.

A ``Mistake`` is one sentence with its file and line. ``ConfigError`` carries all of
them, so that a file is mended in one go. ``from_pydantic`` turns what pydantic found
into such sentences and drops the rejected value: it may be a secret.
Source: pydantic documentation, "Validation errors".
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong, and what would be right."""

    file: Path | None  # None = the environment
    line: int | None
    message: str

    def __str__(self) -> str:
        place = str(self.file) if self.file else "environment"
        return (
            f"{place}:{self.line}: {self.message}"
            if self.line
            else (f"{place}: {self.message}")
        )


class ConfigError(Exception):
    """A file that must not be used; its text is one line for each mistake."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def from_pydantic(
    error: ValidationError, model: type[BaseModel]
) -> list[tuple[tuple[str | int, ...], str]]:
    """Tell each mistake as its path in the file and a sentence about it."""
    return [
        (detail["loc"], _sentence(detail, model))
        for detail in error.errors(include_url=False, include_input=False)
    ]


def unknown(kind: str, name: str, allowed: Iterable[str]) -> str:
    """Say that a name is not known, and which is the nearest one that is."""
    known = sorted(allowed)
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f'unknown {kind} "{name}": did you mean "{near[0]}"?'
    some = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    return f'unknown {kind} "{name}"; known: {some or "none"}'


_TYPES = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number, and not so large a one",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": 'must be a list, such as ["a", "b"]',
    "tuple_type": 'must be a list, such as ["a", "b"]',
    "model_type": "must be a table of keys",
    "model_attributes_type": "must be a table of keys",
    "dict_type": "must be a table of keys",
    "path_type": "must be a path in quotes",
    "missing": "is missing, and it has no default",
}
_BOUNDS = {
    "greater_than_equal": "at least {ge:.12g}",
    "greater_than": "above {gt:.12g}",
    "less_than_equal": "at most {le:.12g}",
    "less_than": "below {lt:.12g}",
    "string_too_short": "at least {min_length} characters long",
    "string_too_long": "at most {max_length} characters long",
    "too_short": "a list of at least {min_length}",
}


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    names = [part for part in detail["loc"] if isinstance(part, str)]
    key = names[-1] if names else "this"
    if kind == "extra_forbidden":
        return unknown("key", key, _keys_beside(model, detail["loc"]))
    if kind == "value_error":
        said = str(context["error"])
        return (
            f"{key} {said}"
            if said[:4] == "must" or said[0] == '"'
            else f"{key}: {said}"
        )
    if kind == "literal_error":
        return f"{key} must be one of {context['expected'].replace(' or ', ', ')}"
    if kind in _BOUNDS:
        return f"{key} must be {_BOUNDS[kind].format(**context)}"
    return f"{key} {_TYPES.get(kind, detail['msg'].lower())}"


def _keys_beside(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    here: Any = model
    for name in path[:-1]:
        if isinstance(name, int):
            continue
        inner = (
            _model_in(field.annotation)
            for key, field in here.model_fields.items()
            if name in (key, field.alias)
        )
        here = next(inner, here)  # else a name that the reader chose, as of a relay
    return [field.alias or key for key, field in here.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the model in ``list[Model]`` or ``Model | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(part) for part in get_args(annotation))
    return next((found for found in inner if found), None)
