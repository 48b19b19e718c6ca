"""The laws of what letters say: step, contact and files, or one ordered by itself."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

from outreachd.flow.wordings import Wording
from outreachd.rules.attachment import attachment
from outreachd.rules.letter import Unfillable
from outreachd.rules.records import OneOff
from tests.flow.desk import Desk, claim
from tests.rosters import step


def test_a_step_is_compiled_once_for_all_its_letters() -> None:
    """Two letters of a step share its templates; a step that is gone is told."""
    desk = Desk(step(), step(2))
    first, again, second, gone = (
        desk.wordings.of(claim(send_id=send_id, step_number=number), desk.permit)
        for send_id, number in ((1, 1), (2, 1), (3, 2), (4, 9))
    )
    assert isinstance(first, Wording)
    assert isinstance(again, Wording)
    assert isinstance(second, Wording)
    assert first.composer is again.composer
    assert first.composer is not second.composer
    assert isinstance(gone, Unfillable)
    assert gone.reason == "no_such_step"


async def test_files_go_with_the_letters_of_their_step() -> None:
    """Fetched before, written after the wordings, the same in every attempt."""
    content = b"%PDF-1.7 offer"
    offer = attachment("offer.pdf", content)
    desk = Desk(step(attachments=(offer,)))
    assert not desk.wordings.is_plain(claim(), desk.permit)
    desk.world.contents.files[offer.sha256] = content
    files = await desk.wordings.files(claim(), desk.permit)
    assert files == (offer,)
    await desk.wordings.shelf.fetch(files)
    written = desk.write(claim())
    message = message_from_bytes(written.letter.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    [part] = message.iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("offer.pdf", content)
    again = desk.write(
        claim(message_id=written.message_id, letter_sha256=written.letter.sha256)
    )
    assert again.letter.message == written.letter.message


async def test_a_letter_without_its_file_or_content_is_held() -> None:
    """Nothing is sent that lacks a part; a person is told."""
    offer = attachment("offer.pdf", b"%PDF-1.7 offer")
    desk = Desk(step(attachments=(offer,)), step(2))
    for one in (claim(), claim(content_id=7, step_number=1001)):
        await desk.wordings.shelf.fetch(await desk.wordings.files(one, desk.permit))
        why = desk.clerk.write(one, desk.permit)
        assert isinstance(why, Unfillable)
        assert why.reason == "no_content"
    assert desk.wordings.is_plain(claim(step_number=2), desk.permit)


async def test_a_one_off_letter_is_written_from_its_own_content() -> None:
    """Its values go before the contact's; footer and way out are as in all letters."""
    desk = Desk()
    desk.world.contents.letters[7] = OneOff(
        subject="For {{ first_name }} of {{ town }}",
        text="Hello",
        html=None,
        variables={"first_name": "Pia", "town": "Ulm"},
    )
    one = claim(content_id=7, step_number=1001)
    assert await desk.wordings.files(one, desk.permit) == ()
    written = desk.write(one)
    assert written.letter.subject == "For Pia of Ulm"
    assert b"List-Unsubscribe: <https://out.example/u/" in written.letter.message
    assert desk.reporter.held(one, Unfillable("x", "y")).send_id == one.send_id
