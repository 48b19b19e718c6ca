"""The laws of ``Idempotency-Key`` on the wire."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from outreachd.store.idempotency import Call, Kept, OtherBodyError
from outreachd.web.idempotency import HEADER, answer_once, call_of

ROUTE = "POST /v1/sends"


@pytest.mark.parametrize("given", ["order-17", '"order-17"'])
def test_a_key_names_route_and_body(given: str) -> None:
    """With or without the quotes of the draft; the body stands in by its hash."""
    request = make_mocked_request("POST", "/v1/sends", headers={HEADER: given})
    body = b'{"a": 1}'
    expected = Call(ROUTE, "order-17", hashlib.sha256(body).digest())
    assert call_of(request, ROUTE, body) == expected


def test_no_key_is_no_call() -> None:
    """The header is the caller's choice."""
    assert call_of(make_mocked_request("POST", "/v1/sends"), ROUTE, b"") is None


@pytest.mark.parametrize("bad", ["", "two words", "k" * 201, "\u00e9", '"'])
def test_a_bad_key_is_refused(bad: str) -> None:
    """Before anything is done; the caller would rely on it in vain."""
    request = make_mocked_request("POST", "/v1/sends", headers={HEADER: bad})
    with pytest.raises(web.HTTPBadRequest):
        call_of(request, ROUTE, b"")


async def test_what_was_kept_is_the_answer() -> None:
    """Status and bytes as they were."""

    async def work() -> Kept:
        return Kept(201, '{"id": 7}')

    response = await answer_once(work())
    assert (response.status, response.body) == (201, b'{"id": 7}')
    assert response.content_type == "application/json"


async def test_a_key_of_another_body_is_a_conflict() -> None:
    """409 as problem+json, with a way out."""

    async def work() -> Kept:
        raise OtherBodyError

    response = await answer_once(work())
    assert isinstance(response.body, bytes)
    assert response.status == 409
    assert "take a new key" in msgspec.json.decode(response.body)["detail"]
