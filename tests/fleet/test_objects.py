"""The laws of files in an object store: read once, bounded, told in a sentence."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from outreachd.fleet.files import read_attachment
from outreachd.fleet.objects import is_object, read_object


class StoreError(Exception):
    """What the library raises for all that goes wrong."""


class Got:
    """What the library answers."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def bytes(self) -> bytes:
        """Give the content."""
        return self._content


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Stand in for the library, with one bucket; it tells what was asked of it."""
    kept = {"docs/offer.pdf": b"%PDF-1.7", "big.pdf": bytes(2_000)}

    def head(store: str, path: str) -> dict[str, Any]:
        if path not in kept:
            raise FileNotFoundError(f"{path} not found\n\nDebug source: a secret")
        return {"size": len(kept[path])}

    def from_url(url: str, **options: Any) -> str:
        if url != "s3://acme":
            raise StoreError("no such bucket\n\nDebug source: a secret")
        return url

    library, exceptions, store = (
        ModuleType(name) for name in ("obstore", "exceptions", "store")
    )
    vars(library).update(head=head, get=lambda _, path: Got(kept[path]))
    vars(exceptions).update(BaseError=StoreError)
    vars(store).update(from_url=from_url)
    monkeypatch.setitem(sys.modules, "obstore", library)
    monkeypatch.setitem(sys.modules, "obstore.exceptions", exceptions)
    monkeypatch.setitem(sys.modules, "obstore.store", store)
    return kept


def test_an_object_is_read(bucket: dict[str, bytes], tmp_path: Any) -> None:
    """By its URL, wherever a file may be attached."""
    url = "s3://acme/docs/offer.pdf"
    assert is_object(url)
    assert not is_object("docs/offer.pdf")
    assert read_object(url, 1_000) == b"%PDF-1.7"
    assert read_attachment(url, tmp_path) == b"%PDF-1.7"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://acme/gone.pdf", '"s3://acme/gone.pdf" cannot be read: gone.pdf not'),
        ("s3://other/offer.pdf", "cannot be read: no such bucket"),
        ("s3://acme/big.pdf", "is larger than 0 kB"),
        ("file:///etc/passwd", "must be s3://BUCKET/FILE"),
        ("http://127.0.0.1/offer.pdf", "must be s3://BUCKET/FILE"),
        ("s3://acme/", "must be s3://BUCKET/FILE"),
        ("s3://key:secret@acme/x.pdf", "must be s3://BUCKET/FILE"),
    ],
)
def test_what_cannot_be_read_is_told(
    bucket: dict[str, bytes], url: str, words: str
) -> None:
    """One sentence, without what the library adds for its makers."""
    with pytest.raises(ValueError, match="s3") as refused:
        read_object(url, 1_000)
    assert words in str(refused.value)
    assert "Debug" not in str(refused.value)


def test_without_the_library_the_way_to_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is an extra, since it is large."""
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ValueError, match=r"outreachd\[objects\]"):
        read_object("s3://acme/offer.pdf", 1_000)
