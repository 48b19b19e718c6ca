"""One IMAP connection as blocking calls: bounded in octets, lines and literals.

imap-tools over a socket that is connected already, so that its owner can cut it at any
moment. Folders are opened by EXAMINE and mails read by BODY.PEEK: nothing a person sees
changes. A server is hostile: what it sends beyond the bounds ends the connection.
Errors: MailboxAwayError, made of whatever the libraries raise. Sizes are octets.
Source: RFC 9051 (IMAP), RFC 5530 (response codes), RFC 6154 (special use).
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

from imap_tools import AND, BaseMailBox
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError

from outreachd.rules.model import Auth, Tls
from outreachd.rules.reply import clean
from outreachd.rules.sources import MailboxAwayError, Result, Source

# What is read of a mail: a report says what it has to say in its first parts.
MAX_MAIL = 512 << 10
MAX_LITERAL = MAX_MAIL + 4096
# Of one connection, and then another may come.
MAX_OCTETS = 64 << 20
MAX_LINES = 200_000
# Folders, and octets of what is told of one: imap-tools takes time by their square.
MAX_FOLDERS = 1_000
MAX_FOLDER = 500
# imap-tools raises the library's limit of a line to 20 MB; its own is enough.
imaplib._MAXLINE = 1_000_000  # type: ignore[attr-defined]

# What came together with the server's "+ idling" shows only when a wait ends: the
# first one is short. Seconds.
FIRST_IDLE_S = 1.0
IDLE_S = 120.0

_UID = re.compile(rb"\bUID (\d{1,10})\b")
_LATER = re.compile(
    r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]|too many|try again", re.IGNORECASE
)


class _Bounded(imaplib.IMAP4):
    """The library's client on a given socket, which takes only so much."""

    def __init__(self, sock: socket.socket, host: str) -> None:
        self._given = sock
        self._octets = MAX_OCTETS
        self._lines = MAX_LINES
        super().__init__(host)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._given

    def read(self, size: int) -> bytes:
        if size > MAX_LITERAL:
            raise self.error(f"it sends {size} octets where {MAX_LITERAL} may be")
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        line = super().readline()
        self._lines -= 1
        self._spend(len(line))
        return line

    def _untagged_response(self, typ: str, dat: Any, name: str) -> tuple[str, Any]:
        typ, told = super()._untagged_response(typ, dat, name)  # type: ignore[misc]
        if name == "LIST":
            told = [
                one for one in told[:MAX_FOLDERS] if len(_line_of(one)) < MAX_FOLDER
            ]
        return typ, told

    def _spend(self, octets: int) -> None:
        self._octets -= octets
        if self._octets < 0 or self._lines < 0:
            raise self.error("it sends without end")


def _line_of(told: bytes | tuple[bytes, bytes] | None) -> bytes:
    """Take the line of what is told: a literal stands beside it."""
    return told[0] if isinstance(told, tuple) else told or b""


class _Mailbox(BaseMailBox):
    def __init__(self, sock: socket.socket, host: str) -> None:
        self._socket, self._host = sock, host
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return _Bounded(self._socket, self._host)


@contextmanager
def _translated() -> Iterator[None]:
    """Make one error of all those that servers and networks cause."""
    try:
        yield
    except TimeoutError:
        raise MailboxAwayError(Result.LATE, "it does not answer") from None
    except ssl.SSLError as error:
        text = f"TLS failed: {error.reason or error}"
        raise MailboxAwayError(Result.UNREACHABLE, text) from None
    except (imaplib.IMAP4.abort, OSError) as error:
        raise MailboxAwayError(_kind_of_loss(error), _said(error)) from None
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        raise MailboxAwayError(Result.GARBLED, _said(error)) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        text = f"it makes no sense ({type(error).__name__})"
        raise MailboxAwayError(Result.GARBLED, text) from None


class ImapClient:
    """A connection that is signed in after ``enter``; every method blocks."""

    def __init__(self, sock: socket.socket, source: Source) -> None:
        self._sock = sock
        self._source = source
        self._box: _Mailbox  # set by enter
        # Whether the server says by itself that mail has come; asked for catch-alls.
        self.can_idle = False

    @_translated()
    def enter(self, tls: ssl.SSLContext, secret: str) -> None:
        """Hear the greeting, protect the line, sign in."""
        imap = self._source.imap
        if imap.tls is Tls.IMPLICIT:
            self._sock = tls.wrap_socket(self._sock, server_hostname=imap.host)
        self._box = _Mailbox(self._sock, imap.host)
        if imap.tls is Tls.STARTTLS:
            self._box.client.starttls(tls)
        self._sign_in(secret)
        if self._source.mailbox_id is None:  # few servers offer IDLE to strangers
            _, told = self._box.client.capability()
            self.can_idle = b"IDLE" in told[-1].upper().split()

    def _sign_in(self, secret: str) -> None:
        box, name = self._box, self._source.username
        try:
            if self._source.auth is Auth.XOAUTH2:
                box.xoauth2(name, secret, initial_folder=None)
            elif name.isascii() and secret.isascii():
                box.login(name, secret, initial_folder=None)
            else:
                box.login_utf8(name, secret, initial_folder=None)
        except imaplib.IMAP4.abort as error:
            raise MailboxAwayError(_kind_of_loss(error), _said(error, secret)) from None
        except (imaplib.IMAP4.error, ImapToolsError) as error:
            text = _said(error, secret)
            result = Result.LOST if _LATER.search(text) else Result.REFUSED
            raise MailboxAwayError(result, f"the login was refused: {text}") from None

    @_translated()
    def examine(self, folder: str) -> tuple[int, int | None] | None:
        """Open a folder to read it; tell UIDVALIDITY and UIDNEXT; None = no such."""
        try:
            self._box.folder.set(folder, readonly=True)
        except MailboxFolderSelectError:
            return None
        return self._number("UIDVALIDITY") or 0, self._number("UIDNEXT")

    def _number(self, code: str) -> int | None:
        told = self._box.client.untagged_responses.get(code, [])
        last = told[-1] if told else None
        return int(last) if isinstance(last, bytes) and last.isdigit() else None

    @_translated()
    def folder_for_junk(self) -> str | None:
        r"""Find the folder that is marked \\Junk, whatever its name."""
        for folder in self._box.folder.list():
            if "\\junk" in (flag.lower() for flag in folder.flags):
                return folder.name
        return None

    @_translated()
    def uids(self, after: int | None, since: date) -> list[int]:
        """List the UIDs behind one, or, where that is None, those of days."""
        criteria = AND(date_gte=since) if after is None else f"UID {after + 1}:*"
        return [int(uid) for uid in self._box.uids(criteria, charset=None)]

    @_translated()
    def highest_uid(self) -> int:
        """Tell the UID of the newest mail, for a server that tells no UIDNEXT."""
        return max((int(uid) for uid in self._box.uids("ALL", charset=None)), default=0)

    @_translated()
    def fetch(self, uid: int) -> bytes | None:
        """Read a mail, or its beginning; None = it is gone, or another was sent."""
        _, told = self._box.client.uid(
            "FETCH", str(uid), f"(UID BODY.PEEK[]<0.{MAX_MAIL}>)"
        )
        mail: bytes | None = None
        frame = b""
        for part in told:
            if isinstance(part, tuple):
                frame += part[0] + b" "
                mail = part[1] if mail is None else mail
            else:
                frame += (part or b"") + b" "
        named = _UID.search(frame)
        return mail if named and int(named[1]) == uid else None

    @_translated()
    def idle(self, limit_s: float) -> bool:
        """Wait until the server says that something is new; tell whether it did."""
        left_s, slice_s = limit_s, FIRST_IDLE_S
        while left_s > 0:
            idle, slice_s = self._box.idle, min(slice_s, left_s)
            idle.start()  # type: ignore[no-untyped-call]
            told = idle.poll(slice_s)
            told += idle.stop()[1]  # type: ignore[no-untyped-call]
            if any(b"EXISTS" in line for line in told if line):
                return True
            left_s, slice_s = left_s - slice_s, IDLE_S
        return False

    @_translated()
    def leave(self) -> None:
        """Say goodbye."""
        self._box.logout()

    def close(self) -> None:
        """Close what is still open; does not block."""
        with suppress(OSError, AttributeError):
            self._box.client.shutdown()
        self._sock.close()


def _kind_of_loss(error: Exception) -> Result:
    """Tell a line that broke from one that carried nonsense."""
    text = str(error)
    if isinstance(error, imaplib.IMAP4.abort) and "unexpected" in text:
        return Result.GARBLED
    return Result.LOST


def _said(error: Exception, secret: str = "") -> str:
    """Put an error into a line that may be shown; it holds what a server chose."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    text = str(error).replace(secret, "***") if secret else str(error)
    return clean(text)[:200] or type(error).__name__
