"""Which part of a name somebody can register: example.co.uk of a.b.example.co.uk.

From the Public Suffix List that comes with the library; nothing is fetched. Loaded at
the first question (some 50 ms), once for all. Source: publicsuffixlist; RFC 7489
section 3.2 for what DMARC calls the organisational domain.
"""

from __future__ import annotations

from functools import cache

from publicsuffixlist import PublicSuffixList


def organisation(name: str) -> str:
    """Tell the registrable part of a name; a public suffix is its own."""
    name = name.lower().rstrip(".")
    return _suffixes().privatesuffix(name) or name


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
