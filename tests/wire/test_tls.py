"""The laws of the TLS settings: checked, modern, and no switch to relax them."""

import ssl
from pathlib import Path

import pytest
import trustme

from outreachd.wire.tls import client_context


def test_certificates_and_names_are_checked_and_tls_is_modern() -> None:
    """No option weakens a line that carries a mail password."""
    context = client_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_an_authority_of_ones_own_is_added(tmp_path: Path) -> None:
    """The file adds to the system's authorities; a missing one stops the start."""
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    added = client_context(path).cert_store_stats()["x509_ca"]
    assert added == client_context().cert_store_stats()["x509_ca"] + 1
    with pytest.raises(FileNotFoundError):
        client_context(tmp_path / "missing.pem")
