"""The words by which a server's reply is understood: data, first match wins.

``SURE`` are phrases that mean one thing wherever they stand; ``LIKELY`` are single
words, asked only when neither those nor the codes knew. Patterns see the reply in
small letters, code first, without addresses and links, white space squeezed. Order
matters: what is about *us* (login, quota, reputation) before what is about the
recipient, the special before the general ("Recipient address rejected: Greylisted"
is a greylist). Sources: as in ``reply_words_us`` and ``reply_words_them``.
"""

from __future__ import annotations

from outreachd.rules.notice_phrases import rules
from outreachd.rules.reply_words_them import ABOUT_THEM
from outreachd.rules.reply_words_us import ABOUT_US

SURE = ABOUT_US + ABOUT_THEM

LIKELY = rules(
    ("hard_no_user", r"address rejected"),
    ("content_spam", r"spam|unsolicited|junk|bulk"),
    (
        "soft_expired",
        r"""
(connection|message|delivery) (timed out|expired)|giving up
not (be )?delivered (within|for)|unable to deliver this message after
delivery attempts|delivery failed \d+|did not accept our requests|retr(y|ied) timeout
could not find a gateway|host not reachable|long failure period|did not respond
""",
    ),
    (
        "remote_error",
        r"""
internal|system (error|problem|configuration)|(operating|mailer) (system )?error
configuration error|procmail|mailer|lookup failure
temporary (service |system |local )?(failure|problem|error)
temporarily (unable|rejected|unavailable)|disk space|unavailable
command (died|failed|output)|x-unix|could not load|ldap|pipe to|multiple retries
insufficient perm|multiple destination domains|separate transaction
""",
    ),
    (
        "soft_network",
        r"""
time[d ]?-?out|unreachable|no route|hops?\b|loop|network
connection (reset|lost|dropped|refused)|try again
""",
    ),
    (
        "protocol_error",
        r"""
syntax|sequence|command|parameter|protocol|not implemented|nested mail
""",
    ),
    (
        "policy_other",
        r"""
policy|policies|security|attachment|prohibited|not authorized|message refused|rejected
""",
    ),
    ("hard_inactive", r"(has been|is currently) suspended"),
    ("block_ip", r"(black|block) ?list"),
    ("policy_other", r"blocked|denied"),
)
