"""The words by which a server's reply is understood: data, first match wins.

``SURE`` are phrases that mean one thing wherever they stand; ``LIKELY`` holds looser
words, asked only when neither those nor the codes knew. Patterns see the reply in
small letters, code first, without addresses and links, white space squeezed. Order
matters: what is about *us* (login, quota, reputation) before what is about the
recipient, the special before the general ("Recipient address rejected: Greylisted"
is a greylist). Sources: as in ``reply_words_us``, ``reply_words_them`` and
``reply_words_likely``.
"""

from __future__ import annotations

from outreachd.rules.reply_words_likely import LIKELY
from outreachd.rules.reply_words_them import ABOUT_THEM
from outreachd.rules.reply_words_us import ABOUT_US

__all__ = ["LIKELY", "SURE"]

SURE = ABOUT_US + ABOUT_THEM
