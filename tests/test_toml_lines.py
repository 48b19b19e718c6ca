"""The laws of finding lines in TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.mistakes import ConfigError
from outreachd.toml_lines import KeyPath, lines_of, read_toml

EXAMPLE = '''\
title = "a # b"      # a comment with = and [brackets]
"quoted key" = 1

[a]
x = 1
b.c = 2
text = """
[not.a.table]
y = 2
"""
z = [
  1,   # one
  { k = 3, l = [4] },
]
[[list]]
n = 'its'
[[list]]
n = \'\'\'
m = 1\'\'\'
inline = { p = 1, "q.r" = { s = 2 } }
  [[list.inner]]
  deep = 1979-05-27T07:32:00Z
  [[list.inner]]
  deep = -0.5
[list.more]
last = true
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 1),
        (("quoted key",), 2),
        (("a",), 4),
        (("a", "b", "c"), 6),
        (("a", "text"), 7),
        (("a", "z"), 11),
        (("a", "z", 0), 12),
        (("a", "z", 1, "k"), 13),
        (("a", "z", 1, "l", 0), 13),
        (("list",), 15),
        (("list", 0), 15),
        (("list", 0, "n"), 16),
        (("list", 1, "n"), 18),
        (("list", 1, "inline", "q.r", "s"), 20),
        (("list", 1, "inner", 0, "deep"), 22),
        (("list", 1, "inner", 1, "deep"), 24),
        (("list", 1, "more", "last"), 26),
    ],
)
def test_each_key_has_its_line(path: KeyPath, line: int) -> None:
    """Sections, arrays of tables, dotted and inline keys, past strings and comments."""
    assert lines_of(EXAMPLE)[path] == line


def test_every_key_that_tomllib_reads_has_a_line() -> None:
    """No key of the example is missed, and none is invented but for whole tables."""
    assert set(_paths(tomllib.loads(EXAMPLE))) == set(lines_of(EXAMPLE))


def _paths(value: Any, path: KeyPath = ()) -> list[KeyPath]:
    inner = dict(enumerate(value)) if isinstance(value, list) else value
    found = [path] if path else []
    for key, part in inner.items() if isinstance(inner, dict) else ():
        found += _paths(part, (*path, key))
    return found


_KEYS = st.text("abc-_1", min_size=1, max_size=3)
_SCALARS = st.one_of(
    st.integers(-99, 99).map(str),
    st.sampled_from(
        ['"x"', "'y#'", '"""a\n[b]\nc=1\n"""', "'''\n=\n'''", "true", "1.5"]
    ),
    st.sampled_from(["[]", "[1, # c\n 2]", "{ a = 1, b = [ { c = 2 } ] }", '""']),
)


@given(st.lists(st.tuples(st.booleans(), _KEYS, _SCALARS), max_size=12))
def test_whatever_tomllib_reads_can_be_looked_up(
    parts: list[tuple[bool, str, str]],
) -> None:
    """For any text that is TOML, each of its keys has a line that holds the key."""
    text = "".join(f"[{k}]\n" if head else f"{k} = {v}\n" for head, k, v in parts)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    found, lines = lines_of(text), text.split("\n")
    for path in _paths(tables):
        assert path in found
        if isinstance(path[-1], str):
            assert path[-1] in lines[found[path] - 1]


def write(folder: Path, content: bytes) -> Path:
    path = folder / "x.toml"
    path.write_bytes(content)
    return path


def test_a_missing_key_is_where_its_table_is(tmp_path: Path) -> None:
    """What is not there is reported at the nearest table around it."""
    file = read_toml(write(tmp_path, b"\n[a]\nx = 1\n"))
    assert file.line(("a", "gone", 3)) == 2
    assert file.line(("gone",)) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = 1\nb = \n", "x.toml:2: is not TOML: invalid value"),
        (b"a = 1\na = 2\n", "x.toml:2: is not TOML: cannot overwrite a value"),
        (b"a = 'x", "x.toml: is not TOML"),
        (b"a = 1\nb = '\xff'\n", "x.toml:2: must be UTF-8 text"),
        (b"a = " + b"[" * 5000, "x.toml"),
        (b"a = 1\nb = " + b"9" * 5000, "x.toml:2: a number has too many digits"),
    ],
)
def test_what_is_no_toml_says_where(
    tmp_path: Path, content: bytes, message: str
) -> None:
    """A slip of the pen is one sentence with a line, no traceback."""
    with pytest.raises(ConfigError) as caught:
        read_toml(write(tmp_path, content))
    assert message.lower() in str(caught.value).lower()


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The reason of the system is part of the sentence."""
    with pytest.raises(ConfigError, match="cannot be read: no such file or directory"):
        read_toml(tmp_path / "gone.toml")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Editors of Windows put one in front."""
    assert read_toml(write(tmp_path, b"\xef\xbb\xbfa = 1")).tables == {"a": 1}
