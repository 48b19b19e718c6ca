"""Addresses: which ones may stand in an envelope, and how an imported one is written.

What ``normalise`` returns is ASCII, lower case, at most 254 characters, and passes
``is_envelope_address``; that grammar has no quotes, comments, literals or controls, so
an address can neither end an SMTP command nor a header early. Local parts are lower-
cased although RFC 5321 lets a server tell cases apart: no known one does, and the same
person must not be two contacts. Names for examples and tests are accepted (RFC 2606);
nothing is looked up. ``normalise_recipient`` takes other letters before the @ as well.
Errors: BadAddressError, one sentence. Sources: RFC 5321 sections 4.1.2 and 4.5.3.1,
RFC 5890, RFC 6531; email-validator for domains and for letters that are not ASCII.
"""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

MAX_LOCAL = 64  # octets, RFC 5321 section 4.5.3.1.1
MAX_ADDRESS = 254  # octets: a path of 256 without its brackets
# Domains of an import come in few distinct names; the check costs 50 us and more.
REMEMBERED_DOMAINS = 65_536

_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(rf"({_LOCAL.pattern})@({_LABEL}(?:\.{_LABEL})+)", re.IGNORECASE)


class BadAddressError(ValueError):
    """The text is no address that can be written to; the message says why."""


def is_envelope_address(address: str) -> bool:
    """Tell whether SMTP may carry this address exactly as it is written."""
    found = _ADDRESS.fullmatch(address)
    return (
        found is not None and len(address) <= MAX_ADDRESS and found.end(1) <= MAX_LOCAL
    )


def normalise(text: str) -> str:
    """Write an address as contacts and envelopes keep it, or raise BadAddressError."""
    local, at, domain = text.strip().rpartition("@")
    if not at or "@" in local:
        raise BadAddressError(
            "an address has exactly one @, as in ann@example.org, and nothing around it"
        )
    address = f"{_checked_local(local)}@{_checked_domain(domain)}"
    if len(address) > MAX_ADDRESS:
        raise BadAddressError(f"the address is longer than {MAX_ADDRESS} characters")
    return address


def normalise_recipient(text: str) -> str:
    """Write an address as contacts keep it; one that needs SMTPUTF8 is not ASCII.

    Such an address is no envelope address yet.
    """
    local, at, domain = text.strip().rpartition("@")
    if local.isascii() or not at or "@" in local:
        return normalise(text)
    name = _checked_domain(domain)
    try:
        found = validate_email(
            f"{local}@example.org",  # the domain is checked, and this one is short
            check_deliverability=False,
            allow_smtputf8=True,
            test_environment=True,
        )
    except EmailNotValidError as error:
        raise BadAddressError(_sentence(error)) from None
    address = f"{found.local_part.lower()}@{name}"
    if len(found.local_part.lower().encode()) > MAX_LOCAL:
        raise BadAddressError(
            f"the part before the @ is longer than {MAX_LOCAL} bytes in UTF-8"
        )
    if len(address.encode()) > MAX_ADDRESS:
        raise BadAddressError(f"the address is longer than {MAX_ADDRESS} bytes")
    return address


def domain_of(address: str) -> str:
    """Tell the domain of a normalised address."""
    return address.rpartition("@")[2]


def _checked_local(local: str) -> str:
    if not local:
        raise BadAddressError("there is nothing before the @")
    if not local.isascii():
        odd = next(c for c in local if not c.isascii())
        raise BadAddressError(
            f"the part before the @ contains {_shown(odd)}; only ASCII letters, digits "
            "and signs are supported there for now"
        )
    lowered = local.lower()
    if not _LOCAL.fullmatch(lowered):
        raise BadAddressError(_local_fault(lowered))
    if len(lowered) > MAX_LOCAL:
        raise BadAddressError(
            f"the part before the @ is longer than {MAX_LOCAL} characters"
        )
    return lowered


def _local_fault(local: str) -> str:
    if local.startswith('"'):
        return "quoted parts before the @ are not supported"
    odd = next((c for c in local if c != "." and not _LOCAL.fullmatch(c)), None)
    if odd is not None:
        return f"the part before the @ contains {_shown(odd)}"
    return "the part before the @ begins or ends with a dot, or has two in a row"


def _shown(character: str) -> str:
    """Name a character so that even an invisible one can be found."""
    code = f"U+{ord(character):04X}"
    printable = character.isprintable() and not character.isspace()
    return f"{character!r} ({code})" if printable else f"the character {code}"


def _checked_domain(domain: str) -> str:
    answer, fault = _domain_answer(domain)
    if fault:
        raise BadAddressError(fault)
    return answer


@lru_cache(maxsize=REMEMBERED_DOMAINS)
def _domain_answer(domain: str) -> tuple[str, str]:
    """Return the A-label form, or "" and what is wrong; refusals are remembered too."""
    if not domain.isprintable() or len(domain) > MAX_ADDRESS:
        return "", "the domain contains invisible characters or is too long"
    try:
        found = validate_email(
            f"x@{domain}",
            check_deliverability=False,
            allow_domain_literal=False,
            test_environment=True,  # accepts names below .test, as RFC 2606 asks
        )
    except EmailNotValidError as error:
        return "", f"the domain cannot receive mail: {_sentence(error)}"
    name = found.ascii_domain.lower()
    if not is_envelope_address(f"x@{name}"):
        return "", "the domain has no dot or contains characters no domain has"
    return name, ""


def _sentence(error: EmailNotValidError) -> str:
    """Bring the library's words into the shape of a clause of ours."""
    text = str(error).strip().rstrip(".")
    return text[:1].lower() + text[1:]
