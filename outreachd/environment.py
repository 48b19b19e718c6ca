"""Settings from environment variables: ``OUTREACHD_SECTION__KEY``.

A source for pydantic-settings that hands nested tables over, as a TOML file would.
Values are read as TOML where they are numbers, true, false or quoted, else as plain
text, so that the same strict types hold for both. Variables without ``__`` are not
settings and are left alone, except one that names a whole section: that is a mistake.
Source: pydantic-settings documentation, "Nested environment variables".
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from outreachd.mistakes import Mistake, unknown

PREFIX = "OUTREACHD_"

_SCALAR = re.compile(
    r"""true|false|[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?|"[^"\\\n]*"|'[^'\n]*'"""
)


class Environment(EnvSettingsSource):
    """The settings that the environment holds, as nested tables."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls, env_prefix=PREFIX, env_nested_delimiter="__")
        self.env_vars = {k: v for k, v in self.env_vars.items() if "__" in k}
        # Else the library would make of a text whatever a key can be: 1 of "true".
        self.config = SettingsConfigDict(**{**self.config, "strict": False})

    def __call__(self) -> dict[str, Any]:
        """Read the variables."""
        return {key: _typed(value) for key, value in super().__call__().items()}

    def decode_complex_value(
        self, field_name: str, field: FieldInfo, value: Any
    ) -> Any:
        """Read a list or table; text that is none is told like any wrong value."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def variable_of(path: tuple[str | int, ...]) -> str | None:
    """Tell which variable has set a key, if one has."""
    wanted = PREFIX + "__".join(map(str, path))
    return next((name for name in os.environ if name.upper() == wanted.upper()), None)


def misnamed_variables(sections: Iterable[str]) -> list[Mistake]:
    """Tell the variables that look like settings and would set nothing."""
    known = sorted(sections)
    return [
        Mistake(None, None, message)
        for name in sorted(os.environ)
        if name.upper().startswith(PREFIX) and (message := _fault(name, known))
    ]


def _fault(name: str, sections: list[str]) -> str | None:
    section, nested, _ = name.upper().removeprefix(PREFIX).lower().partition("__")
    if nested and section not in sections:
        return f"{name}: {unknown('section', section, sections)}"
    if not nested and section in sections:
        return f"{name} names a whole section: write {name}__KEY"
    return None


def _typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _typed(inner) for key, inner in value.items()}
    if isinstance(value, str) and _SCALAR.fullmatch(value):
        try:
            return tomllib.loads(f"value = {value}")["value"]
        except ValueError:  # 007 is text, and what has no end
            return value
    return value
