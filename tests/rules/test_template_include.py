"""The laws of including: pasted whole, within bounds, each line known by its file."""

from __future__ import annotations

import pytest

from outreachd.rules.template_include import MAX_DEPTH, Expanded, IncludeError, expand


def expanded(source: str, **files: str) -> Expanded:
    """Expand with files by their names; an underscore stands for a dot."""

    def read(name: str) -> str:
        try:
            return files[name.replace(".", "_")]
        except KeyError:
            raise ValueError(f'"{name}" cannot be read: no such file') from None

    return expand(source, read)


def test_a_file_is_pasted_where_it_is_named() -> None:
    """Without the line end at its end: the text around has one."""
    made = expanded('Hi\n{% include "sig.txt" %}\nbye', sig_txt="Ann\nAcme\n")
    assert made.text == "Hi\nAnn\nAcme\nbye"


def test_files_include_files() -> None:
    """Either quotes, blanks and dashes as people write them; the same file twice."""
    made = expanded(
        "{%- include 'a.txt' -%}{%include \"b.txt\"%}",
        a_txt="A{% include 'b.txt' %}",
        b_txt="B",
    )
    assert made.text == "ABB"


def test_each_line_is_known_by_its_file() -> None:
    """Also after an include, where the lines of the source go on."""
    made = expanded(
        '1\n{% include "a.txt" %}\n3\n{% include "a.txt" %}', a_txt="x\ny\n"
    )
    assert [made.place(n) for n in range(1, 6)] == [
        ("", 1),
        ("a.txt", 1),
        ("a.txt", 2),
        ("", 3),
        ("a.txt", 1),
    ]


@pytest.mark.parametrize(
    ("source", "files", "words"),
    [
        ('\n{% include "a.txt" %}', {}, 'line 2: "a.txt" cannot be read'),
        (
            '{% include "a.txt" %}',
            {"a_txt": '\n{% include "b.txt" %}'},
            'a.txt, line 2: "b.txt" cannot',
        ),
        (
            '{% include "a.txt" %}',
            {"a_txt": '{% include "b.txt" %}', "b_txt": '{% include "a.txt" %}'},
            "a.txt -> b.txt -> a.txt goes round in a circle",
        ),
        (
            '{% include "a.txt" %}',
            {"a_txt": '{% include "a.txt" %}'},
            "a.txt -> a.txt goes round",
        ),
        ("{% include a %}", {}, "line 1: write {% include"),
        ('{% include "a" ~ b %}', {}, "write {% include"),
        ("{% include ['a', 'b'] %}", {}, "write {% include"),
        ('{% include "" %}', {}, "write {% include"),
        (
            '{% include "a.txt" %}',
            {
                f"{c}_txt": f'{{% include "{n}.txt" %}}'
                for c, n in zip("abcdefghij", "bcdefghijk", strict=True)
            },
            f"more than {MAX_DEPTH} deep",
        ),
        ('{% include "a.txt" %}' * 300, {"a_txt": "x"}, "more than 200 times"),
        (
            '{% include "a.txt" %}' * 3,
            {"a_txt": "x" * 100_000},
            "longer than 200000 characters",
        ),
        (
            '{% include "a.txt" %}' * 150,
            {"a_txt": '{% include "b.txt" %}' * 150, "b_txt": "x"},
            "more than 200 times",
        ),
    ],
)
def test_what_cannot_be_included_is_refused(
    source: str, files: dict[str, str], words: str
) -> None:
    """With the file and line where it is asked for."""
    with pytest.raises(IncludeError) as refused:
        expanded(source, **files)
    assert words in str(refused.value)
