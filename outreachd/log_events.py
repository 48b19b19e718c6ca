"""Every event that is logged, with its sentence.

A name is short and constant, the room or thing first; what differs is told in fields,
which never hold an address or content at info. ``logs.py`` makes lines of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EVENTS: Final[Mapping[str, str]] = {
    "daemon.ready": "All is open; from now on this daemon sends or stands by.",
    "daemon.ended": "This daemon has ended well.",
    "contacts.taken": "`rows` people came in by the API and were judged.",
    "drain.begins": "Nothing new is begun; `in_flight` letters are still under way.",
    "drain.ended": "The shift is over; `left` letters have not found their end yet.",
    "fleet.unreadable": "The fleet in the database makes no sense; nothing is sent.",
    "shift.broken": "Sending ended by a bug, and begins anew; please report it.",
    "chore.broken": "A helper task ended by a bug, and begins anew; please report it.",
    "job.broken": "A journey ended by a bug outside its own care; please report it.",
    "uncertain.settled": "The campaigns' policy was applied to `sends` without answer.",
    "stale.ended": "`sends` waited for longer than their campaign calls useful.",
    "departures.settled": "Letters of lost mailboxes were moved, held or ended.",
    "letters.placed": "`sends` followed the changed calendars of their campaigns.",
    "pause.unwritten": "A pause that must last could not be stored; it rests for now.",
    "shift.begins": "This daemon owns the fleet now, and judged what was left behind.",
    "identity.doubted": "The database may be a copy: the fleet is paused.",
    "fleet.reloaded": "The fleet was taken on as it was just applied.",
    "lease.lost": "Another daemon owns the fleet: this one sends nothing more.",
    "ledger.away": "The database cannot be reached: nothing new is sent.",
    "ledger.back": "The database answers again.",
    "embedded.down": "Our own PostgreSQL does not start; `why` says more; it is tried.",
    "hints.away": "Hints of new work are not heard; looking now and then still works.",
    "ledger.forgot": "The database lost what it had confirmed: some letters are held.",
    "journal.told": "Outcomes on our disk are in the database now; another one sends.",
    "journal.broken": "The disk does not take outcomes; they are only in memory now.",
    "dkim.unreadable": "A signing key does not open: its domain's letters are held.",
    "domain.stopped": "A domain was unfit to send for too long: its mail stops.",
    "domain.let_go": "A domain that its checks had stopped is fit again.",
    "domain.look_broken": "A look at a domain ended by a bug; please report it.",
    "health.decided": "Somebody fell ill or came back, or a rule would have it so.",
    "receiver.down": "A receiver fails everybody: its answers count against nobody.",
    "clock.set": "The wall clock was set by `seconds`; lanes were reckoned anew.",
    "sender.set_back": "A mailbox, domain, account or host rests after a failure.",
    "journey.broken": "A send broke one of our rules or met a bug; it is held.",
    "log.dropped": "Nobody took our lines; so many, `lines`, were thrown away.",
    "log.broken": "A line could not be rendered; only its event is known.",
    "library.message": "A library we use had something to say; `logger` says which.",
    "http.listening": "A listener is open.",
    "http.fault": "A request made us fail; the caller was told 500 and no more.",
    "control.denied": "A request to the control listener had no valid token.",
    "control.acted": "A person or script paused, resumed or drained something.",
    "receiver.slows": "A receiver told a sender to wait: its letters there do.",
    "notice.taken": "A mail that came back was understood, acted on and kept.",
    "mailbox.unheard": "A mailbox could not be read; `why` says how, and it is tried.",
    "mail.skipped": "A mail broke the connection each time, and is left unread.",
    "mail.broken": "A mail that came back met a bug and is passed; please report it.",
    "poll.broken": "The reading of a mailbox ended by a bug; please report it.",
    "maildir.unread": "The Maildir or a mail in it cannot be read or moved.",
    "send.ordered": "A one-off letter was ordered by POST /v1/sends.",
}
