"""The words by which a server's reply is understood: data, first match wins.

``SURE`` are phrases that mean one thing wherever they stand; ``LIKELY`` are single
words, asked only when neither those nor the codes knew. Patterns see the reply in
small letters, code first, without addresses and links, white space squeezed. Order
matters: what is about *us* (login, quota, reputation) before what is about the
recipient, the special before the general ("Recipient address rejected: Greylisted"
is a greylist). Sources: the public reply lists of Gmail, Microsoft 365, Yahoo, Yandex,
Mail.ru and Amazon SES; the rule sets of Sisimai (BSD) and KumoMTA (Apache).
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Rule(NamedTuple):
    """A reason and the pattern that tells it."""

    reason: str
    pattern: re.Pattern[str]


def rules(*rows: tuple[str, str]) -> tuple[Rule, ...]:
    """Compile a table."""
    return tuple(Rule(reason, re.compile(pattern)) for reason, pattern in rows)


SURE = rules(
    # Our login, our quota, our account: the server we submit to speaks about us.
    ("auth_rate_limit", r"too many (failed )?(log[io]n|auth\w*) attempts"),
    (
        "tls",
        (
            r"must issue a starttls|(starttls|tls) (is )?required|"
            r"requires? (tls|starttls)|not sent over a tls|senders to use tls|"
            r"starttls-not-supported"
        ),
    ),
    (
        "quota_sender",
        (
            r"daily (user |smtp |sending |relay |message )*(limit|quota)|"
            r"(sending|submission) (quota|limit) exceeded|credits exceeded|"
            r"reached your daily|ratelimit exceeded for mailbox|"
            r"(daily|hourly|monthly) sending"
        ),
    ),
    ("auth_rate_limit", r"^4\d\d .*authentication (failure|failed)"),
    (
        "account_suspended",
        (
            r"outbound ?(spam|sender)|tenant has exceeded|"
            r"traffic not accepted from this ip|spam abuse detected|"
            r"unregistered domain|"
            r"identity is blocked|mail sending denied|"
            r"(sending|account|access)[\w ]* (is|are|was|has been) (paused|"
            r"disabled for sending|suspended for|restricted from)|"
            r"sending for this account is disabled|access to submit messages"
        ),
    ),
    (
        "sender_rejected",
        (
            r"permissions? to send (as|on behalf)|not (been )?verified|"
            r"not authorized to send from|mail from not owned|not owned by user"
        ),
    ),
    (
        "auth_credentials",
        (
            r"username and password not accepted|application-specific password|"
            r"log in with your web browser|authentication (unsuccessful|failed|"
            r"failure|required|credentials invalid|is required|turned on)|"
            r"invalid (user or password|login|credentials)$|to send anonymous mail|"
            r"unauthenticated senders|smtp auth\w* (is )?(required|in your)|"
            r"turn on smtp authentication|"
            r"(bad|invalid) (username|user ?name) or password"
        ),
    ),
    # What is wrong with our identity: DNS, SPF, DKIM, DMARC, reputation, lists.
    (
        "content_format",
        (
            r"duplicate header|rfc ?5322 compliant|multiple \w+ headers?|"
            r"multiple addresses in from|missing a valid (address|message-id|from)|"
            r"encoded-word|improper use of 8-bit|message is malformed|"
            r"(invalid|bad|missing) (message )?headers?\b|improperly-formatted|"
            r"header size exceeds"
        ),
    ),
    (
        "message_too_big",
        (
            r"(message|mail) (header )?size (limit|exceed)|"
            r"exceed\w*( \S+){0,3} message size|"
            r"message (file )?(is )?too (big|large|long)|"
            r"maximum( inbound)? message size|size limits?\b.{0,40}attachment|"
            r"line limit exceeded|taille limite du message"
        ),
    ),
    (
        "block_dns",
        (
            r"\bptr\b|reverse[ -]dns|\brdns\b|cannot find your (hostname|reverse)|"
            r"ip name lookup failed|unverif\w+ sending ip|"
            r"(helo|ehlo)[\w ]*(rejected|invalid|bad|must)|custom reverse|"
            r"no matches to nameserver|forward dns entry"
        ),
    ),
    (
        "auth_dmarc",
        (
            r"\bdmarc|\bspf\b|\bdkim\b|sender policy framework|authentication checks|"
            r"authentication level|unauthenticated email|"
            r"does not pass .{0,20}verification|is not allowed to send mail\b"
        ),
    ),
    (
        "soft_greylist",
        (
            r"gr[ea]y-?list|please come back later|address verification in progress|"
            r"first time sender.*later"
        ),
    ),
    (
        "block_reputation",
        (
            r"reputation|spam statistics|spam source|spamsource|user complaints|"
            r"suspicious due to the very low"
        ),
    ),
    ("content_spam", r"spam or virus"),
    ("content_virus", r"virus|malware|phishing|executable attachment"),
    (
        "content_spam",
        (
            r"considered (as )?spam|spam message rejected|under suspicion of spam|"
            r"(scored|detected|classified|flagged|rejected|"
            r"identified) as[\w ]{0,12} spam|"
            r"spam (detected|score|blocked|not accepted|refused|check)|"
            r"content rejected|"
            r"nature of the content|likely unsolicited|\bube\b|spam[- ]like|"
            r"reject, id=\S+ - spam|probably spam|spam ?profiler|mail rejet|"
            r"content filter|unacceptable content|content denied|message filtered|"
            r"our system has detected|\bdrbl\b|rejecting mail content"
        ),
    ),
    (
        "policy_other",
        (
            r"(accepted|rejected) for policy reasons|local policy|denied by policy|"
            r"(illegal|forbidden) attachment|potential security issue|"
            r"policy (violation|restrictions)|has a policy that prohibited|"
            r"organizational settings|host network not allowed"
        ),
    ),
    ("rate_limit", r"too many recipients (this|per) hour|frequen\w+ limit"),
    (
        "block_ip",
        (
            r"aup#\w*rbl|spamhaus|spamcop|dnsbl|\brbl\b|\bbl\d\d\b|s3140|s3150|"
            r"banned sending ip|blocked using|our block ?list|"
            r"unusual rate of (unsolicited )?mail|not in whitelist|"
            r"client host rejected|"
            r"connections? (is |are )?(not accepted|refused|rejected) from|"
            r"not accepting (connections|mail from your ip)|access from ip|"
            r"messages from \[?[\d.:a-f]+\]? weren't|(your|sending|the) (ip|network|"
            r"server|host)\b.{0,50}(block|black|list|banned|denied|abus)|"
            r"ip\b.{0,40}(is |was )?(black ?|block)list|no access from mail server|"
            r"refused to talk to me|after initial connection|dynamic ips?\b|"
            r"not allowed to connect|too many unwanted|extreme bad ip|blocked - see|"
            r"refused - see|access denied\.\.\.|listing in \w+ \w+|"
            r"not (currently )?accept\w* (e?mail )?(over ipv6|from your ip)|"
            r"accept email over ipv6|smtp server of your isp|"
            r"service not available, closing|may not be mail exchanger|"
            r"listed as abusive|invalid ip for sending|5\.5\.4 invalid domain name"
        ),
    ),
    ("hard_bad_domain", r"account or domain may not exist"),  # cPanel's sentence
    # The sender named in the envelope; domains that are ours, not the recipient's.
    (
        "sender_rejected",
        (
            r"\b[45]\.1\.7\b|does not accept mail from|unroutable sender|"
            r"sender (address |e?mail |email address )?(was |"
            r"is )?(rejected|denied|spammer|unknown|invalid)|invalid sender|"
            r"sender verify|(of|envelope) sender (address|domain)|domain of sender|"
            r"sender domain|unresolvable (rfc\.?5321 )?from|\btss(09|11)\b|batv|"
            r"backscatter|purported responsible|not a member of|not allowed to post|"
            r"permission to post|bogus mail from|from: domain|"
            r"(address|domain|sender)\b.{0,40}black ?list|sender is in my black|"
            r"unknown sender|groups\.google\.com/support|non-?member|\[mail_from\]|"
            r"after mail from:.{0,80} no such domain"
        ),
    ),
    # The recipient's mailbox.
    (
        "soft_mailbox_full",
        (
            r"over ?(the )?(allowed )?quota|quota( \w+){0,2} ?exceeded|"
            r"exceed\w* ([\w']+ ){0,4}(quota|storage|allowed size|disk space|"
            r"maximum allowed)|disk ?quota|quota violation|"
            r"(mail ?box|inbox|folder|account|maildir)\b.{0,30}\bfull|full mailbox|"
            r"out of storage|not enough (storage|disk)? ?space|"
            r"(mailbox|storage) (size )?limit exceeded|exceeded the local limit|"
            r"space has been used up|mailbox exceeds|exceeded storage allocation|"
            r"overquota|disk ?space quota|not have enough space"
        ),
    ),
    (
        "rate_limit",
        (
            r"receiv\w+ mail (too quickly|at a rate)|rate that prevents|"
            r"message receive limit|maximum (sending|connection)|throttl|"
            r"too many (connections|sessions|concurrent|smtp sessions|messages)|"
            r"peak smtp|thread limit|rate[ -]?limit|message rate|connection limit|"
            r"slower\b|slow down|server busy|trop de connexions|temporarily deferred|"
            r"recipients received this hour|exceeded their (limit|message rate)"
        ),
    ),
    (
        "remote_error",
        (
            r"procmail|(insufficient|low) (disk|system)|mailer error|system full|"
            r"create user output|local error in processing|server is misconfigured|"
            r"internal (system )?error|per transaction"
        ),
    ),
    ("protocol_error", r"syntax error|bad sequence|nested mail"),
    ("too_many_recipients", r"too many recipients"),
    (
        "recipient_filtered",
        (
            r"user reject|recipient preferences|blocked by the recipient|"
            r"only accepting mail from|refuses to (receive|accept)|bounced address|"
            r"restricted sms|not authenticated (for|by)|resolver\.rst|"
            r"due to extended inactivity|recipient'?s? (filter|list of senders)"
        ),
    ),
    (
        "hard_inactive",
        (
            r"(account|mailbox|user|recipient|address)\b.{0,60}\b(disabled|inactive|"
            r"suspended|deactivated|discontinued|frozen|locked|bloque|blocked|"
            r"not active(ated)?|terminated|expired|closed|no longer (valid|active|"
            r"available|in use|accepts))|disabled (recipient|user|account|mailbox)|"
            r"inactive (account|user)|deactivated mailbox|ha expirado|"
            r"policy rejection on the target|temporary locked|is no longer valid|"
            r"banned recipient|not activated|disableduser"
        ),
    ),
    (
        "soft_network",
        (
            r"not found, try again|temporar\w+ dns|dns[\w ]* temporar|"
            r"dns lookup failure.{0,40}try again|unrouteable mail domain|"
            r"unexpected name server reply"
        ),
    ),
    (
        "hard_bad_domain",
        (
            r"(?<![\w.-])([\w-]{1,63}\.){1,8}[\w-]{2,63} (does not|doesn't) exist|"
            r"null mx|no mx\b|mx record|"
            r"(domain|host)( name)?( \S+)? (does not exist|"
            r"not found|unknown|doesn'?t receive|doesn'?t accept)|"
            r"domain is not reachable|(unknown|invalid|illegal) (host|domain)|"
            r"host/domain|no such (domain|host)|"
            r"nxdomain|recipient domain must exist|does not accept mail|"
            r"dns (lookup )?(failure|error)|name or service not known|unrouteable"
        ),
    ),
    (
        "hard_no_user",
        (
            r"(user|mailbox|recipient|account|address|alias|person|id|"
            r"e-?mail)s?\b( \S+){0,4} (is |was |could |does |do |did |has )?(unknown|"
            r"not (be )?(found|exist|known|present|ok|valid)|doesn'?t exist|"
            r"doesn't have|inconnu|no existe|invalid)|"
            r"(unknown|invalid|bad)( \w+){0,2} user ?id|not recognized|"
            r"address (couldn't|could not) be found|"
            r"(unknown|invalid|bad|no such|not a valid|illegal|non-?existent|"
            r"inexistent|desconocido|unrecognized)( \S+)? ?(or illegal )?(user|"
            r"mailbox|recipient|address|alias|person|account|local.?part|e-?mail|"
            r"id here)|no (mail ?box|account|user) (by|with|here|found|available)|"
            r"no such (user|person|address|id)|does not exist|doesn't exist|"
            r"address rejected: access denied|recipient ?not ?found|recipientnotfound|"
            r"exrecipnotfound|resolver\.adr|badrcptto|mailbox (is )?unavail|"
            r"mailbox name not allowed|not our customer|no longer on server|"
            r"destinata\w+ (desconocido|inconnu)|utilisateur inconnu|"
            r"recipient unrecognized|sorry, no mailbox|mailbox unava|addr not found|"
            r"not (an active|a local) address|no ?one at this address|nessun utente|"
            r"no existe( \w+){0,2} usuario|no valid recipients\b(?! from)|"
            r"unknown e-? ?mail|missing home directory|not found recipient|"
            r"user .{0,60}unknown|unknown in virtual|no recipients? here|not listed|"
            r"inactive email address|nosuchuser|"
            r"recipient addresses rejected : access denied"
        ),
    ),
    (
        "soft_expired",
        (
            r"(message|envelope|queue) expired|queue too long|being unable to connect|"
            r"connection expired|failing for a long time|not been collected after|"
            r"allowed queue period"
        ),
    ),
    (
        "relay_denied",
        (
            r"(?<![.\w@-])relay(ing|ed)?\b(?![\w-]*\.\w)|rcpthost|not a gateway|"
            r"not local host|not configured to relay"
        ),
    ),
)

LIKELY = rules(
    ("hard_no_user", r"address rejected"),
    ("content_spam", r"spam|unsolicited|junk|bulk"),
    (
        "soft_expired",
        (
            r"(connection|message|delivery) (timed out|expired)|giving up|"
            r"not (be )?delivered (within|for)|unable to deliver this message after|"
            r"delivery attempts|delivery failed \d+|did not accept our requests|"
            r"retr(y|ied) timeout|could not find a gateway|host not reachable|"
            r"long failure period|did not respond"
        ),
    ),
    (
        "remote_error",
        (
            r"internal|system (error|problem|configuration)|"
            r"(operating|mailer) (system )?error|configuration error|procmail|mailer|"
            r"lookup failure|"
            r"temporary (service |system |local )?(failure|problem|error)|"
            r"temporarily (unable|rejected|unavailable)|disk space|unavailable|"
            r"command (died|failed|output)|x-unix|could not load|ldap|pipe to|"
            r"multiple retries|insufficient perm|"
            r"multiple destination domains|separate transaction"
        ),
    ),
    (
        "soft_network",
        (
            r"time[d ]?-?out|unreachable|no route|hops?\b|loop|network|"
            r"connection (reset|lost|dropped|refused)|try again"
        ),
    ),
    (
        "protocol_error",
        r"syntax|sequence|command|parameter|protocol|not implemented|nested mail",
    ),
    (
        "policy_other",
        (
            r"policy|policies|security|attachment|prohibited|not authorized|"
            r"message refused|rejected"
        ),
    ),
    ("hard_inactive", r"(has been|is currently) suspended"),
    ("block_ip", r"(black|block) ?list"),
    ("policy_other", r"blocked|denied"),
)
