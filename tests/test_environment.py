"""The laws of settings in the environment."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from pydantic_settings import BaseSettings

from outreachd.environment import Environment, misnamed_variables, variable_of


class _Limits(BaseModel):
    key: str | int | float | bool = ""


class _Send(BaseModel):
    limits: _Limits = _Limits()


class _Example(BaseSettings):
    send: _Send = _Send()
    log: _Send = _Send()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20", 20),
        ("-1.5", -1.5),
        ("1.5e-3", 0.0015),
        ("9" * 5000, "9" * 5000),
        ("true", True),
        ("false", False),
        ('"20"', "20"),
        ("'20'", "20"),
        ("plain text", "plain text"),
        ("007", "007"),
        ("True", "True"),
        ("a=b", "a=b"),
        ("[1]", "[1]"),
        ("", ""),
    ],
)
def test_values_are_read_as_toml_reads_them(
    monkeypatch: pytest.MonkeyPatch, text: str, value: object
) -> None:
    """Numbers, booleans and quoted text have their type; all else is text."""
    monkeypatch.setenv("OUTREACHD_SEND__LIMITS__KEY", text)
    assert Environment(_Example)()["send"] == {"limits": {"key": value}}


class _Lists(BaseModel):
    hosts: tuple[str, ...] = ()
    inner: _Limits = _Limits()


class _WithLists(BaseSettings):
    checks: _Lists = _Lists()


@pytest.mark.parametrize("name", ["CHECKS", "CHECKS__HOSTS", "CHECKS__INNER"])
@pytest.mark.parametrize("text", ["192.0.2.53", "[", "{", ""])
def test_text_where_a_list_belongs_is_a_value_like_another(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    """What is wrong with it is told by the types, in their words: nothing is raised."""
    monkeypatch.setenv(f"OUTREACHD_{name}", text)
    Environment(_WithLists)()


def test_a_list_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written as in JSON, which is TOML's way too."""
    monkeypatch.setenv("OUTREACHD_CHECKS__HOSTS", '["192.0.2.53"]')
    assert Environment(_WithLists)() == {"checks": {"hosts": ["192.0.2.53"]}}


def test_other_variables_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables without __ are not settings, whoever they are for."""
    monkeypatch.setenv("OUTREACHD_PG_BIN", "/usr/lib/postgresql")
    monkeypatch.setenv("SEND__X", "1")
    assert Environment(_Example)() == {}
    assert misnamed_variables(["send", "log"]) == []


def test_a_variable_that_would_set_nothing_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slip in a name is told, not ignored."""
    monkeypatch.setenv("OUTREACHD_SEN__KEY", "hunter2")
    monkeypatch.setenv("OUTREACHD_LOG", "hunter2")
    said = [str(mistake) for mistake in misnamed_variables(["send", "log"])]
    assert said == [
        "environment: OUTREACHD_LOG names a whole section: write OUTREACHD_LOG__KEY",
        'environment: OUTREACHD_SEN__KEY: unknown section "sen": did you mean "send"?',
    ]


def test_who_has_set_a_key_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in a variable names the variable, not a line of the file."""
    monkeypatch.setenv("OUTREACHD_SEND__LEASE_S", "x")
    assert variable_of(("send", "lease_s")) == "OUTREACHD_SEND__LEASE_S"
    assert variable_of(("send", "drain_s")) is None
