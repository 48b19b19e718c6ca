"""What servers say about us: login, quota, identity, reputation, content, sender.

Asked before what they say about the recipient: a refusal of our address in words like
"address rejected" must cost nobody theirs. Patterns as in ``reply_words``. Sources: the
public reply lists of Gmail, Microsoft 365, Yahoo, Yandex, Mail.ru and Amazon SES; the
rule sets of Sisimai (BSD) and KumoMTA (Apache).
"""

from __future__ import annotations

from outreachd.rules.notice_phrases import rules

ABOUT_US = rules(
    # Our login, our quota, our account: the server we submit to speaks about us.
    # Exchange: a group that only its own people may write to
    ("recipient_filtered", r"resolver\.rst\.\w*(auth|restricted)"),
    ("auth_rate_limit", r"too many (failed )?(log[io]n|auth\w*) attempts"),
    (
        "tls",
        r"""
must issue a starttls|(starttls|tls) (is )?required|requires? (tls|starttls)
not sent over a tls|senders to use tls|starttls-not-supported
""",
    ),
    (
        "quota_sender",
        r"""
daily (user |smtp |sending |relay |message )*(limit|quota)
(sending|submission) (quota|limit) exceeded|credits exceeded|reached your daily
ratelimit exceeded for mailbox|(daily|hourly|monthly) sending
""",
    ),
    ("auth_rate_limit", r"^4\d\d .*authentication (failure|failed)"),
    (
        "account_suspended",
        r"""
your (e-?mail )?(account|mailbox)\b.{0,30}(blocked|suspended|disabled|restricted|locked)
outbound ?(spam|sender)|tenant has exceeded|traffic not accepted from this ip
spam abuse detected|unregistered domain|identity is blocked|mail sending denied
(sending|account|access)[\w ]* (is|are|was|has been) (paused|disabled for sending
    |suspended for|restricted from)
sending for this account is disabled|access to submit messages
""",
    ),
    (
        "sender_rejected",
        r"""
permissions? to send (as|on behalf)|not (been )?verified|not authorized to send from
mail from not owned|not owned by user
""",
    ),
    (
        "auth_credentials",
        r"""
username and password not accepted|application-specific password
log in with your web browser
authentication (unsuccessful|failed|failure|required|credentials invalid|is required
    |turned on)
invalid (user or password|login|credentials)$|to send anonymous mail
unauthenticated senders|smtp auth\w* (is )?(required|in your)
turn on smtp authentication|(bad|invalid) (username|user ?name) or password
""",
    ),
    # What is wrong with our identity: DNS, SPF, DKIM, DMARC, reputation, lists.
    (
        "content_format",
        r"""
duplicate header|rfc ?5322 compliant|multiple \w+ headers?|multiple addresses in from
missing a valid (address|message-id|from)|encoded-word|improper use of 8-bit
message is malformed|(invalid|bad|missing) (message )?headers?\b|improperly-formatted
header size exceeds
""",
    ),
    (
        "message_too_big",
        r"""
(message|mail) (header )?size (limit|exceed)|exceed\w*( \S+){0,3} message size
message (file )?(is )?too (big|large|long)|maximum( inbound)? message size
size limits?\b.{0,40}attachment|line limit exceeded|taille limite du message
""",
    ),
    (
        "block_dns",
        r"""
\bptr\b|reverse[ -]dns|\brdns\b|cannot find your (hostname|reverse)
ip name lookup failed|unverif\w+ sending ip
(helo|ehlo)[\w ]*(rejected|invalid|bad|must)|resolve your (address|ip|host)
your host ?name (could not|cannot|does not|doesn't)|custom reverse
    |no matches to nameserver
forward dns entry
""",
    ),
    (
        "auth_dmarc",
        r"""
\bdmarc|\bspf\b|\bdkim\b|sender policy framework|authentication checks
authentication level|unauthenticated email|does not pass .{0,20}verification
is not allowed to send mail\b
""",
    ),
    (
        "soft_greylist",
        r"""
gr[ea]y-?list|please come back later|address verification in progress
first time sender.*later
""",
    ),
    (
        "block_reputation",
        r"""
reputation|spam statistics|spam source|spamsource|user complaints
suspicious due to the very low
""",
    ),
    ("content_spam", r"spam or virus"),
    ("content_virus", r"virus|malware|phishing|executable attachment"),
    (
        "content_spam",
        r"""
considered (as )?spam|spam message rejected|under suspicion of spam
(scored|detected|classified|flagged|rejected|identified) as[\w ]{0,12} spam
spam (detected|score|blocked|not accepted|refused|check)|content rejected
nature of the content|likely unsolicited|\bube\b|spam[- ]like|reject, id=\S+ - spam
probably spam|spam ?profiler|mail rejet|content filter|unacceptable content
content denied|message filtered|our system has detected(?! an unusual)|\bdrbl\b
rejecting mail content
""",
    ),
    (
        "policy_other",
        r"""
(accepted|rejected) for policy reasons|local policy|denied by policy
(illegal|forbidden) attachment|potential security issue
policy (violation|restrictions)|has a policy that prohibited|organizational settings
host network not allowed
""",
    ),
    ("rate_limit", r"too many recipients (this|per) hour|frequen\w+ limit"),
    (
        "block_ip",
        r"""
aup#\w*rbl|spamhaus|spamcop|dnsbl|\brbl\b|\bbl\d\d\b|s3140|s3150|banned sending ip
blocked using|our block ?list|unusual rate of (unsolicited )?mail|not in whitelist
client host rejected|connections? (is |are )?(not accepted|refused|rejected) from
not accepting (connections|mail from your ip)|access from ip
messages from \[?[\d.:a-f]+\]? weren't
(your|sending|the) (ip|network|server|host)\b.{0,50}(block|black|list|banned|denied
    |abus)
ip\b.{0,40}(is |was )?(black ?|block)list|no access from mail server
refused to talk to me|after initial connection|dynamic ips?\b|not allowed to connect
too many unwanted|extreme bad ip|blocked - see|refused - see|access denied\.\.\.
listing in \w+ \w+|not (currently )?accept\w* (e?mail )?(over ipv6|from your ip)
accept email over ipv6|smtp server of your isp|service not available, closing
may not be mail exchanger|listed as abusive|invalid ip for sending
5\.5\.4 invalid domain name
""",
    ),
    # cPanel's sentence
    ("hard_bad_domain", r"account or domain may not exist"),
    # The sender named in the envelope; domains that are ours, not the recipient's.
    (
        "sender_rejected",
        r"""
\b[45]\.1\.7\b|does not accept mail from|unroutable sender
sender (address |e?mail |email address )?(was |is )?(rejected|denied|spammer|unknown
    |invalid)
\bsender('s)? (mail ?box|address|account|domain|e-?mail)\b.{0,20}\b(unknown|not (valid
    |known|found|exist\w*)|does(n't| not) exist|invalid)|forged sender
(your|from|reply-to|return-path|originating|mail from)\W{1,2}(e-?mail )?(address
    |domain)\b
    .{0,20}\b(unknown|invalid|not|doesn't)
domain of your address|(absender|afzender)-?( ?e-?mail-?)?adres
    |adresse (de l')?expéditeur
(dirección|indirizzo|endereço|адрес\w*|adres\w*) (del? |do )?(remitente|mittente
    |remetente
    |отправителя|nadawcy)
invalid sender|sender verify|(of|envelope) sender (address|domain)|domain of sender
sender domain|unresolvable (rfc\.?5321 )?from|\btss(09|11)\b|batv|backscatter
purported responsible|not a member of|not allowed to post|permission to post
bogus mail from|from: domain|(address|domain|sender)\b.{0,40}black ?list
sender is in my black|unknown sender|groups\.google\.com/support|non-?member
\[mail_from\]|after mail from:.{0,80} no such domain
""",
    ),
)
