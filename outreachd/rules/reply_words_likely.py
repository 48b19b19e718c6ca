"""Words that likely tell a reason, asked when neither sure words nor codes knew.

Not whole sentences but what any wording of them must hold: a noun for whom it is
about and a verb for what is wrong, in the languages that mail servers speak. The order
is that of danger: what is about *us* first, a missing address after everything that
could also be called one. Patterns as in ``reply_words``; gaps are bounded. Sources:
the texts of Postfix, Exim, Sendmail, qmail, Courier, Exchange, Domino, Dovecot, cPanel
and their translations; the public lists of Gmail, Microsoft 365, Yahoo, GMX, Mail.ru.
"""

from __future__ import annotations

from outreachd.rules.notice_phrases import rules
from outreachd.rules.reply_words_likely_them import LIKELY_THEM

_US = rules(
    (
        "tls",
        r"""
not support (start)?tls|(tls|ssl)\b.{0,30}(handshake|negotiat|fail|error|unavailable
    |not available)
handshake fail|certificate\b.{0,40}(fail|expired|trusted|mismatch|invalid|self.?signed)
(starttls|tls|encryption)\b.{0,30}(requir|not (supported|offered)|mandatory)
""",
    ),
    (
        "quota_sender",
        r"""
max (e-?mails|defers|messages)|(sending|outgoing|outbound) (limit|quota)
(daily|hourly|monthly)\b.{0,30}(limit|quota)|(e-?mails|messages) per (hour|day)\b
sent too many|limit on (the )?(number|amount) of (e-?mails|messages)
""",
    ),
    (
        "content_virus",
        r"infected|trojan|\bworm\b|malicious|eicar|вирус|virenverdacht|ransomware",
    ),
    (
        "account_suspended",
        r"(your|sending) (domain|account|mailbox)\b.{0,40}(suspend|block|disabl)",
    ),
    (
        "auth_credentials",
        r"""
(must|need to|please) (authenticate|log ?in)|login (failed|required|denied)
incorrect authentication|(wrong|incorrect|bad|invalid) (password|credentials)
    |credentials (reject|invalid)
""",
    ),
    (
        "block_dns",
        r"""
(invalid|bad|wrong|missing|no|forged) (helo|ehlo|r?dns)\b|(helo|ehlo) (name|argument
    |host)
(ip|host|address)\b.{0,20}(not|no|without) (resolv|ptr|reverse|a name)
""",
    ),
    ("block_reputation", r"sender ?score|reputation|(poor|bad) standing"),
    (
        "content_spam",
        r"(blacklisted|suspicious|bad|listed) (url|link|uri)s?|content (is )?(not|un)",
    ),
    ("content_spam", r"surbl|uribl|spam|unsolicited|junk|bulk|спам|bayes|razor|phish"),
    (
        "too_many_recipients",
        r"""
(max\w*|number) (of )?(recipients|rcpts?)|too many rcpts?|recipients (limit|per)
""",
    ),
    (
        "content_format",
        r"""
\b(from|date|to|subject|message-id) headers?\b|(missing|no|bad) message-id|bare (lf
    |cr)|lines? (are |is )?too long
line length|nul (char|byte)|non-?ascii|8-?bit|charset|character set|base64 encoding
malformed (message|header|mail|mime)|\bmime\b|invalid header|rfc ?-?2?[58]?[38]?22\b
""",
    ),
    (
        "message_too_big",
        r"""
(file|attachment|mail|message) size
(message|mail|letter|file|attachment)s?\b.{0,30}(exceeds \d|too (big|large|long)
    |larger than
    |oversize)
zu gro(ß|ss)|trop (gros|volumineu|grand)|demasiado grande|troppo grande
слишком (больш|велик)|te groot|za du[żz]a|muito grande
""",
    ),
    (
        "soft_greylist",
        r"""
postgrey|sqlgrey|greyd|(first|initial) (contact|attempt|delivery)
come back (in|after)|gr[ea]y ?list|unknown triplet
(retry|try again) (in|after) \d+ ?(s|m|h)|(wait|deferred) (for )?\d+ (sec|min)
""",
    ),
    (
        "relay_denied",
        r"""
client was not authenticated|not (a |an )?(local|accepted|hosted)( \w+)? domain
domain (is )?(not (local|accepted|hosted|served|handled|here))
(do|does) not (host|serve|handle|accept mail for)
""",
    ),
    (
        "block_ip",
        r"""
(mails?|messages?|connections?|traffic) from (your|this|that|the) (ip|network|server
    |host|range|isp|provider)
(your|sending|client|connecting|remote|source) (ip|host|mta|server
    |network)\b.{0,60}(block
    |list|bann|reject|refus|den(y|ied)|prohib|not (allow|accept|permit))
\bips?\b.{0,60}(block|black|bann|denied|refus|reject|not (allow|accept|permit))
(block|black|bann|denied|refus|reject)\w*\b.{0,40}\bips?\b
(is|was|been|are) (currently )?(blocked|banned) (by|at|from)
(mail|message)s? from [\d.:a-f]{7,39} (block|reject|refus|den)
list(ed|ing) (at|in|on|by) [\w-]+\.[\w.-]+|(dial-?up|dynamic|residential) (host|ip
    |address|pool|range)
(refus|reject|den)\w* connections? from|country|connection refused due to
(black|block|deny|reject)[ -]?list|(ip|адрес)\b.{0,40}(заблокирован|чёрн|черн)
""",
    ),
    (
        "sender_rejected",
        r"""
badmailfrom|mail(ing)? list (only )?accepts|mail from (a )?(nonexist|unknown|invalid)
(your|from:?) address\b.{0,20}\bnot\b|not your address|return[ -]path\b
\bsender (address|domain) must|\bsender\b.{0,30}(not (allowed|accepted|permitted
    |authori[sz]ed|valid
    |known|exist|found|verif)|refused|denied|blocked|banned|(could|can)not be verif)
(from|by) this sender|(from|of) your (domain|address|company)
    |mail from\b.{0,80}(refused|rejected|denied|not accept)
verification failed for|(null|empty) (sender|return path)|third-party dsn
(callback|callout|call-out)|(absender|expéditeur|émetteur|remitente|mittente
    |remetente|отправител\w+|nadawc\w+|afzender)\b.{0,40}(rejet|abgel|abgew|ung[uü]ltig
    |inval|inexist|rechaz|rifiut|rejeitad|отклон|отверг|запрещ|не (найден|сущ|разреш)
    |odrzuc|nieznan|geweigerd|unbekannt|inconnu|gesperrt|blo[qck])
""",
    ),
)
_ELSE = rules(
    (
        "soft_expired",
        r"""
(connection|message|delivery) (timed out|expired)|giving up
not (be )?delivered (within|for)|unable to deliver this message after
delivery attempts|delivery failed \d+|did not accept our requests|retr(y|ied) timeout
could not find a gateway|host not reachable|long failure period|did not respond
delivery time expired|(has been|is) (in|on) the queue|g[ai]ve up after
(too long|too old) in (the )?queue|has been delayed
""",
    ),
    (
        "remote_error",
        r"""
internal|system (error|problem|configuration)|(operating|mailer) (system )?error
configuration error|procmail|mailer|lookup failure
temporary (service |system |local |server )?(failure|problem|error)
temporarily (unable|rejected|unavailable)|disk space|unavailable
command (died|failed|output)|x-unix|could not load|ldap|pipe to|multiple retries
insufficient perm|multiple destination domains|separate transaction
(data ?base|file ?system|back-?end|mysql|sql|lmtp|memory|disk|resources?)\b.{0,40}(error
    |fail|full|problem|exhaust|exceed|insufficient|unavail)
(cannot|can't|could not|unable to) (open|create|write|append|lock|read|fork|chdir|save)
overload|load (average|is too)|maintenance|shutting down|insufficient system
permission denied|server (error|failure|problem|down)|misconfigur|out of memory
loops back to myself|essayer plus tard
""",
    ),
    (
        "hard_bad_domain",
        r"""
(domain|host ?name|host)s?\b.{0,40}\b(not|cannot|can't|doesn't)( \w+)? (exist|resolv
    |found|known|valid|registered)
(domain|domäne|domaine|dominio|домен\w*)\b.{0,30}(unbekannt|inconnu|desconocid
    |sconosciut|не (найден|сущ)|existiert nicht|inexist)
(unknown|invalid|no such|bad)( e?-?mail)? (domain|host)|domain is invalid
(know|find|resolve) (this|that|the) (domain|host)|domain must exist
no (mail exchangers?|mail servers?|mx|a record)|domain (has )?(expired|lapsed)
""",
    ),
    (
        "soft_network",
        r"""
timed?[ -]?out|unreachable|no route|hops?\b|loop|network
connect\w*\b.{0,40}(reset|lost|dropped|refused|fail|abort|closed|broken|interrupt)
try again|broken pipe|(could not|cannot|can't|unable to|failed to) connect|\bdns\b
name ?server
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
policy|policies|security|attachment|prohibit|not authorized|message refused|rejected
""",
    ),
    ("hard_inactive", r"(has been|is currently) suspended"),
    (
        "policy_other",
        r"""
blocked|denied|refused|forbidden|not (allowed|permitted|accepted)|violat|restrict
""",
    ),
)
LIKELY = _US + LIKELY_THEM + _ELSE
