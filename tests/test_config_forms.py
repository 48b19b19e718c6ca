"""The laws of single settings: what each form takes, and what it says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from outreachd import config_forms as forms


@pytest.mark.parametrize(
    ("form", "written", "kept"),
    [
        (forms.Dsn, "postgresql://a@h1,h2/db", "postgresql://a@h1,h2/db"),
        (forms.BaseUrl, "https://out.example.org/", "https://out.example.org"),
        (forms.HostName, "[192.0.2.1]", "[192.0.2.1]"),
        (forms.Address, "2001:DB8::1", "2001:db8::1"),
        (forms.Zone, "ZEN.spamhaus.org", "zen.spamhaus.org"),
    ],
)
def test_what_means_the_same_is_kept_alike(form: Any, written: str, kept: str) -> None:
    """One spelling of an address, a zone or a base to which a path is added."""
    assert TypeAdapter(form).validate_python(written) == kept


@pytest.mark.parametrize("good", ["192.0.2.53", "192.0.2.53:5353", "[::1]:53", "::1"])
def test_name_servers_are_addresses(good: str) -> None:
    """With or without a port; a name would need a name server."""
    assert TypeAdapter(forms.NameServer).validate_python(good) == good


@pytest.mark.parametrize(
    ("form", "written", "said"),
    [
        (forms.Dsn, "mysql://db", 'must be "embedded" or "postgresql://'),
        (forms.BaseUrl, "out.example.org", "must be a web address"),
        (forms.Mailto, "Ann <a@b.example>", "must be one plain address"),
        (forms.HostName, "a b", "must be a host name"),
        (forms.NameServer, "dns.example", "must be an address such as"),
        (forms.NameServer, "192.0.2.53:0", "must be an address such as"),
        (forms.NameServer, "192.0.2.53:x", "must be an address such as"),
        (forms.NameServer, "192.0.2.53:5_3", "must be an address such as"),
        (forms.NameServer, "", "must be an address such as"),
        (forms.Address, "192.0.2.1x", "must be an address such as"),
        (forms.Zone, "x", "must be a name in DNS"),
        (forms.Limit, 0, "greater than 0"),
        (forms.Limit, float("nan"), "finite"),
    ],
)
def test_what_has_another_form_is_refused(
    form: Any, written: object, said: str
) -> None:
    """The sentence says what would do."""
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(form).validate_python(written)
