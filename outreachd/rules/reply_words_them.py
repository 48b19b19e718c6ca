"""What servers say about a recipient, his domain, his mailbox, and the way there.

Asked after what is about us (``reply_words_us``). The special stands before the
general: a full, filtered or closed mailbox before one that is not there. Patterns as in
``reply_words``. Sources: the public reply lists of Gmail, Microsoft 365, Yahoo, Yandex
and Mail.ru; the rule sets of Sisimai (BSD) and KumoMTA (Apache).
"""

from __future__ import annotations

from outreachd.rules.notice_phrases import rules

ABOUT_THEM = rules(
    # The recipient's mailbox.
    (
        "soft_mailbox_full",
        r"""
over ?(the )?(allowed )?quota|quota( \w+){0,2} ?exceeded
exceed\w* ([\w']+ ){0,4}(quota|storage|allowed size|disk space|maximum allowed)
disk ?quota|quota violation|(mail ?box|inbox|folder|account|maildir)\b.{0,30}\bfull
full mailbox|out of storage|not enough (storage|disk)? ?space
(mailbox|storage) (size )?limit exceeded|exceeded the local limit
space has been used up|mailbox exceeds|exceeded storage allocation|overquota
disk ?space quota|not have enough space
""",
    ),
    (
        "rate_limit",
        r"""
receiv\w+ mail (too quickly|at a rate)|rate that prevents|message receive limit
maximum (sending|connection)|throttl
too many (connections|sessions|concurrent|smtp sessions|messages)|peak smtp
thread limit|concurrent (connection|session)s?|rate[ -]?limit|message rate
    |connection limit|slower\b|slow down
server busy|trop de connexions|temporarily deferred|recipients received this hour
exceeded their (limit|message rate)
""",
    ),
    (
        "remote_error",
        r"""
procmail|(insufficient|low) (disk|system)|mailer error|system full|create user output
local error in processing|server is misconfigured|internal (system )?error
per transaction
""",
    ),
    ("protocol_error", r"syntax error|bad sequence|nested mail"),
    ("too_many_recipients", r"too many recipients"),
    (
        "recipient_filtered",
        r"""
user reject|has blocked (you|the sender)|recipient preferences
    |blocked by the recipient|only accepting mail from
refuses to (receive|accept)|bounced address|restricted sms|not authenticated (for|by)
resolver\.rst|due to extended inactivity|recipient'?s? (filter|list of senders)
""",
    ),
    (
        "hard_inactive",
        r"""
(account|mailbox|user|recipient|address)\b.{0,60}\b(disabled|inactive|suspended
    |deactivated|discontinued|frozen|locked|bloque|blocked|not active(ated)?
    |terminated|expired|closed|no longer (valid|active|available|in use|accepts))
disabled (recipient|user|account|mailbox)|inactive (account|user)|deactivated mailbox
ha expirado|policy rejection on the target|temporary locked|is no longer valid
banned recipient|not activated|disableduser
""",
    ),
    (
        "soft_network",
        r"""
not found, try again|temporar\w+ dns|dns[\w ]* temporar
dns lookup failure.{0,40}try again|unrouteable mail domain
unexpected name server reply
""",
    ),
    (
        "hard_bad_domain",
        r"""
(?<![\w.-])([\w-]{1,63}\.){1,8}[\w-]{2,63} (does not|doesn't) exist|null mx|no mx\b
mx record
(domain|host)( name)?( \S+)? (does not exist|not found|unknown|doesn'?t receive
    |doesn'?t accept)
domain is not reachable|(unknown|invalid|illegal) (host|domain)|host/domain
no such (domain|host)|nxdomain|recipient domain must exist|does not accept mail
dns (lookup )?(failure|error)|name or service not known|unrouteable
""",
    ),
    (
        "hard_no_user",
        r"""
(user|mailbox|recipient|account|address|alias|person|id
    |e-?mail)s?\b( \S+){0,4} (is |was |could |does |do |did |has )?(unknown
    |not (be )?(found|exist|known|present|ok|valid)|doesn'?t exist|doesn't have
    |inconnu|no existe|invalid)
(unknown|invalid|bad)( \w+){0,2} user ?id|not recognized
address (couldn't|could not) be found
(unknown|invalid|bad|no such|not a valid|illegal|non-?existent|inexistent
    |desconocido|unrecognized)( \S+)? ?(or illegal )?(user|mailbox|recipient|address
    |alias|person|account|local.?part|e-?mail|id here)
no (mail ?box|account|user) (by|with|here|found|available)
no such (user|person|address|id)|does not exist|doesn't exist
address rejected: access denied|recipient ?not ?found|recipientnotfound
exrecipnotfound|resolver\.adr|badrcptto|mailbox (is )?unavail|mailbox name not allowed
not our customer|no longer on server|destinata\w+ (desconocido|inconnu)
utilisateur inconnu|recipient unrecognized|sorry, no mailbox|mailbox unava
addr:? not found|not (an active|a local) address|no ?one at this address|nessun utente
no existe( \w+){0,2} usuario|no valid recipients\b(?! from)|unknown e-? ?mail
missing home directory|not found recipient|user .{0,60}unknown|unknown in virtual
no recipients? here|not listed|inactive email address|nosuchuser
recipient addresses rejected : access denied
""",
    ),
    (
        "soft_expired",
        r"""
(message|envelope|queue) expired|queue too long|being unable to connect
connection expired|failing for a long time|not been collected after
allowed queue period
""",
    ),
    (
        "relay_denied",
        r"""
(?<![.\w@-])relay(ing|ed)?\b(?![\w-]*\.\w)|rcpthost|not a gateway|not local host
not configured to relay
""",
    ),
)
