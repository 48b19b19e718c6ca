"""The TLS settings every connection to an account uses.

The server's certificate and name are always checked and nothing older than TLS 1.2
is spoken: there is no switch to relax either, because a mail password goes over this
line. ``ca_file`` adds one more authority, for relays with a certificate of their own.
Source: RFC 8314 (TLS for submission), RFC 9325 (recommendations for TLS).
"""

from __future__ import annotations

import ssl
from pathlib import Path


def client_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Make the context: system authorities, plus those in ``ca_file``.

    Reads files, so call it once, at start. Raises OSError if ``ca_file`` is unreadable.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context
