"""An SPF record as text becomes terms, or the one thing that is wrong with it.

Strict, as receivers are: a term that nobody knows, a bad network, a modifier given
twice makes the whole record a permanent error, and the domain loses its SPF. Macros
stay as they are written; ``expanded`` fills them. Errors: SpfSyntaxError, whose text
is a part of a sentence. Source: RFC 7208 sections 4.5 to 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import quote

VERSION = "v=spf1"
MAX_NAME = 253

_TERM = re.compile(r"([+\-~?]?)([A-Za-z][A-Za-z0-9]*)(?:([:/])(.*))?")
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)")
# Ends in a dot and a label that is no number, or in a macro (section 7.1).
_DOMAIN = re.compile(
    r"[!-~]*(\.[A-Za-z0-9-]*[A-Za-z-][A-Za-z0-9-]*\.?|%\{[^}]*\}|%[%_-])"
)
_SIZES = re.compile(r"(.*?)(?:/(\d{1,3}))?(?://(\d{1,3}))?")
_MACRO = re.compile(r"%\{([A-Za-z])(\d{0,3})(r?)([.\-+,/_=]*)\}|%([%_-])|%")
_PLAIN = {"%": "%", "_": " ", "-": "%20"}
_NEEDS_SENDER_ADDRESS = frozenset("icvp")


class SpfSyntaxError(ValueError):
    """The record cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Term:
    """One mechanism."""

    qualifier: str  # one of + - ~ ?
    mechanism: str
    domain: str = ""  # "" = the domain being looked at
    network: IPv4Network | IPv6Network | None = None
    size4: int = 32
    size6: int = 128


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """A record: its mechanisms in order, and where to go on when none matched."""

    terms: tuple[Term, ...]
    redirect: str | None


def is_spf(text: str) -> bool:
    """Tell whether a TXT record is an SPF record, readable or not."""
    return text.lower() == VERSION or text.lower().startswith(f"{VERSION} ")


def parse(text: str) -> SpfRecord:
    """Read a record; SpfSyntaxError tells the first thing that is wrong."""
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    for word in text.split(" ")[1:]:
        if not word:
            continue
        if modifier := _MODIFIER.fullmatch(word):
            name, value = modifier[1].lower(), modifier[2]
            if name in modifiers and name in ("redirect", "exp"):
                raise SpfSyntaxError(f'"{name}=" is given twice')
            modifiers[name] = value
        else:
            terms.append(_term(word))
    redirect = modifiers.get("redirect")
    if redirect is not None and not _DOMAIN.fullmatch(redirect):
        raise SpfSyntaxError('"redirect=" names no domain')
    if any(term.mechanism == "all" for term in terms):
        redirect = None
    return SpfRecord(tuple(terms), redirect)


def _term(word: str) -> Term:
    found = _TERM.fullmatch(word)
    if not found:
        raise SpfSyntaxError(f'"{word[:60]}" is no SPF term')
    qualifier, name = found[1] or "+", found[2].lower()
    mark, rest = found[3] or "", found[4] or ""
    match name:
        case "all" if not mark:
            return Term(qualifier, name)
        case "include" | "exists" if mark == ":" and _DOMAIN.fullmatch(rest):
            return Term(qualifier, name, rest)
        case "ip4" | "ip6" if mark == ":":
            return Term(qualifier, name, network=_network(name, rest))
        case "ptr" if not mark or (mark == ":" and _DOMAIN.fullmatch(rest)):
            return Term(qualifier, name, rest)
        case "a" | "mx":
            return _with_sizes(qualifier, name, mark, rest)
    raise SpfSyntaxError(f'"{word[:60]}" is no SPF term')


def _network(name: str, text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise SpfSyntaxError(f'"{name}:{text[:60]}" is no network') from None
    if network.version != int(name[2]):
        raise SpfSyntaxError(f'"{name}:{text[:60]}" is of the other family')
    return network


def _with_sizes(qualifier: str, name: str, mark: str, rest: str) -> Term:
    found = _SIZES.fullmatch(rest if mark != "/" else f"/{rest}")
    assert found  # it matches any text
    size4, size6 = int(found[2] or 32), int(found[3] or 128)
    is_named = bool(_DOMAIN.fullmatch(found[1]))
    is_whole = is_named or not found[1]  # else there is more than a domain and sizes
    if (mark == ":") != is_named or not is_whole or size4 > 32 or size6 > 128:
        raise SpfSyntaxError(f'"{name}{mark}{rest[:60]}" is no SPF term')
    return Term(qualifier, name, found[1], size4=size4, size6=size6)


def expanded(
    text: str, *, domain: str, sender: str, address: str | None, helo: str
) -> str | None:
    """Fill the macros of a domain; None if they need an address that is not given.

    ``%{p}`` is "unknown", as RFC 7208 section 7.3 allows. SpfSyntaxError on a macro
    that is none.
    """
    values = _values(domain, sender, address, helo)

    def fill(found: re.Match[str]) -> str:
        if found[5]:
            return _PLAIN[found[5]]
        letter = (found[1] or "").lower()
        if letter not in values:
            raise SpfSyntaxError(f'"{text[:60]}" holds a macro that is none')
        value = _transformed(values[letter], found[2], bool(found[3]), found[4])
        return quote(value, safe="") if (found[1] or "").isupper() else value

    needed = {(found[1] or "").lower() for found in _MACRO.finditer(text)}
    if address is None and needed & _NEEDS_SENDER_ADDRESS:
        return None
    name = _MACRO.sub(fill, text).rstrip(".")
    if len(name) > MAX_NAME:  # labels are taken off its left side
        name = name[-MAX_NAME - 1 :].partition(".")[2]
    return name


def _values(
    domain: str, sender: str, address: str | None, helo: str
) -> Mapping[str, str]:
    local, _, sender_domain = sender.rpartition("@")
    values = {
        "s": sender,
        "l": local or "postmaster",
        "o": sender_domain,
        "d": domain,
        "h": helo,
        "p": "unknown",
        "i": "",
        "v": "",
        "c": "",
    }
    if address is not None:
        ip = ip_address(address)
        values["c"] = address
        values["v"] = "in-addr" if ip.version == 4 else "ip6"
        nibbles = ip.exploded.replace(":", "")
        values["i"] = address if ip.version == 4 else ".".join(nibbles)
    return values


def _transformed(value: str, digits: str, is_reversed: bool, marks: str) -> str:
    if digits and int(digits) == 0:
        raise SpfSyntaxError("a macro keeps no part of its value")
    parts = re.split(f"[{re.escape(marks or '.')}]", value)
    if is_reversed:
        parts.reverse()
    return ".".join(parts[-int(digits) :] if digits else parts)
