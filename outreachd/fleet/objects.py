"""Files of an object store: "s3://bucket/offer.pdf", also gs:// and az://.

Read once, when a fleet is applied, so a daemon never waits for a store. Credentials
and regions come from where the store's own tools look: the environment, the machine's
role. The library is large and an extra: without it the sentence says how to get it.
Errors: ValueError, whose text is a sentence part. Source: the documentation of obstore.
"""

from __future__ import annotations

import re

_URL = re.compile(r"((?:s3|gs|az)://[A-Za-z0-9][A-Za-z0-9._-]{1,99})/([^?#\s]{1,900})")
LIMIT_S = 30  # seconds a call may take


def is_object(source: str) -> bool:
    """Tell whether a file is named by a URL."""
    return "://" in source


def read_object(url: str, limit: int) -> bytes:
    """Read an object of at most ``limit`` octets."""
    found = _URL.fullmatch(url)
    if found is None:
        raise ValueError(f'"{url}" must be s3://BUCKET/FILE, gs:// or az://')
    try:
        # Here, not above: it is large, and most fleets have no object store.
        import obstore
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError:
        raise ValueError(
            f'"{url}" needs the extra "objects": pip install "outreachd[objects]"'
        ) from None
    try:
        store = from_url(found[1], client_options={"timeout": f"{LIMIT_S}s"})
        if obstore.head(store, found[2])["size"] > limit:
            raise ValueError(f'"{url}" is larger than {limit // 1024} kB')
        return bytes(obstore.get(store, found[2]).bytes())
    except (BaseError, OSError) as error:
        why = str(error).strip().split("\n")[0][:200]
        raise ValueError(f'"{url}" cannot be read: {why}') from None
