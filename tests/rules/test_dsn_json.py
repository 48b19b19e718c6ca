"""The laws of reading Amazon SES's notices by mail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outreachd.rules.dsn_json import complainer, told
from outreachd.rules.notice_mail import open_mail
from tests.rules.mails import mail

P = "p@people.example"


def notice(kind: str, body: Any, **headers: str) -> bytes:
    """Write an SNS mail as Amazon does: wrapped JSON and a footer with links."""
    text = json.dumps({"notificationType": kind, kind.lower(): body})
    text = "\r\n ".join(text[at : at + 70] for at in range(0, len(text), 70))
    wanted = {"From": "SES <no-reply@sns.amazonaws.com>", **headers}
    return mail(f"{text}\r\n\r\n--\r\nTo stop: https://sns.x/unsubscribe", **wanted)


def test_a_bounce_is_read_with_its_reason() -> None:
    """Each recipient with the status and the words of the server."""
    row = {"emailAddress": P, "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 no"}
    (one,) = told(open_mail(notice("Bounce", {"bouncedRecipients": [row]})))
    assert (one.recipient, one.action, one.status) == (P, "failed", "5.1.1")
    assert one.diagnostic == "550 5.1.1 no"


def test_a_delivery_and_a_complaint_are_told_apart() -> None:
    """What arrived is no bounce; who complained is not one either."""
    (one,) = told(open_mail(notice("Delivery", {"recipients": [P]})))
    assert (one.recipient, one.action) == (P, "delivered")
    complaint = notice("Complaint", {"complainedRecipients": [{"emailAddress": P}]})
    assert told(open_mail(complaint)) == []
    assert complainer(open_mail(complaint)) == P


ROWS: list[Any] = [None, 1, {}, {"status": 5}]


@pytest.mark.parametrize("body", [None, [], {}, "x", 1, {"bouncedRecipients": ROWS}])
def test_other_shapes_are_no_notices(body: Any) -> None:
    """Whatever stands where a list of recipients should."""
    mail = open_mail(notice("Bounce", body))
    assert told(mail) == []
    assert complainer(mail) is None


def test_only_mails_of_sns_are_read() -> None:
    """JSON in a person's mail is a person's."""
    row = {"bouncedRecipients": [{"emailAddress": P}]}
    assert told(open_mail(notice("Bounce", row, From="ann@x.example"))) == []
    deep = mail('{"a":' * 20_000 + "}", From="x@sns.amazonaws.com")
    assert told(open_mail(deep)) == []
