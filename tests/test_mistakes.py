"""The laws of telling people what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from outreachd.mistakes import ConfigError, Mistake, from_pydantic, unknown


def _refuse(text: str) -> str:
    raise ValueError(text)


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    start: int = Field(default=1, alias="from", ge=1, lt=9)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    needed: str = "x"
    share: float = Field(default=1, gt=0, allow_inf_nan=False)
    many: int = Field(default=1, le=10_000_000, strict=False)
    names: list[str] = Field(default=["a"], min_length=1)
    word: Literal["a", "b"] = "a"
    text: str = Field(default="xx", min_length=2, max_length=3)
    flag: bool = False
    inner: _Inner | None = None
    inners: list[_Inner] = []
    odd: Annotated[str, AfterValidator(_refuse)] = ""


@pytest.mark.parametrize(
    ("given", "path", "sentence"),
    [
        ({"needed": 1}, ("needed",), "needed must be text in quotes"),
        ({"share": 0}, ("share",), "share must be above 0"),
        ({"share": float("inf")}, ("share",), "share must be a finite number"),
        ({"share": "1"}, ("share",), "share must be a number"),
        ({"many": 10**8}, ("many",), "many must be at most 10000000"),
        ({"many": "9" * 5000}, ("many",), "many must be a whole number, and not"),
        ({"names": []}, ("names",), "names must be a list of at least 1"),
        ({"names": "a"}, ("names",), 'names must be a list, such as ["a", "b"]'),
        ({"word": "c"}, ("word",), "word must be one of 'a', 'b'"),
        ({"text": "x"}, ("text",), "text must be at least 2 characters long"),
        ({"text": "xxxx"}, ("text",), "text must be at most 3 characters long"),
        ({"flag": 1}, ("flag",), "flag must be true or false"),
        ({"inner": 1}, ("inner",), "inner must be a table of keys"),
        ({"inner": {"from": 0}}, ("inner", "from"), "from must be at least 1"),
        ({"inner": {"from": 9}}, ("inner", "from"), "from must be below 9"),
        ({"inner": {"form": 9}}, ("inner", "form"), 'unknown key "form"'),
        (
            {"inners": [{}, {"x": 1}]},
            ("inners", 1, "x"),
            'unknown key "x"; known: from',
        ),
        ({"odd": "must not be"}, ("odd",), "odd must not be"),
        ({"odd": '"x" is odd'}, ("odd",), 'odd "x" is odd'),
        ({"odd": "no such thing"}, ("odd",), "odd: no such thing"),
    ],
)
def test_a_mistake_is_a_sentence_that_says_what_is_allowed(
    given: dict[str, Any], path: tuple[str | int, ...], sentence: str
) -> None:
    """Each kind of error has words of ours, its key, and no rejected value."""
    with pytest.raises(ValidationError) as caught:
        _Table.model_validate(given)
    [(where, said)] = from_pydantic(caught.value, _Table)
    assert (where, said[: len(sentence)]) == (path, sentence)


def test_what_is_no_table_is_told() -> None:
    """A text where a table belongs has no key to name."""
    with pytest.raises(ValidationError) as caught:
        _Table.model_validate("hunter2")
    assert from_pydantic(caught.value, _Table) == [((), "this must be a table of keys")]


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("relya", ["relay", "other"], 'did you mean "relay"?'),
        ("zzz", ["b", "a"], "known: a, b"),
        ("zzz", [], "known: none"),
        ("zzz", [f"n{i}" for i in range(99)], ", ..."),
    ],
)
def test_an_unknown_name_is_told_with_a_way_out(
    name: str, known: list[str], said: str
) -> None:
    """The nearest name that is known, or those there are, but no flood."""
    sentence = unknown("account", name, known)
    assert sentence.endswith(said)
    assert len(sentence) < 250


def test_an_error_is_a_line_for_each_mistake() -> None:
    """File and line stand where editors and people look for them."""
    error = ConfigError(
        [
            Mistake(Path("a.toml"), 3, "x"),
            Mistake(Path("a.toml"), None, "y"),
            Mistake(None, None, "z"),
        ]
    )
    assert str(error) == "a.toml:3: x\na.toml: y\nenvironment: z"
