"""The codes by which a server's reply is understood when its words did not say.

``ENHANCED`` is matched whole against an enhanced status code, first match wins;
``BASIC`` holds bare reply codes. Codes are weaker than words: the same number stands
for a full mailbox here and a rate limit there.
Sources: RFC 3463 and the registry built on it (RFC 5248, 7372, 7505), Microsoft 365's
list of its own numbers; RFC 5321 section 4.2.3, RFC 4954, RFC 7504.
"""

from __future__ import annotations

from outreachd.rules.notice_phrases import rules

ENHANCED = rules(
    # Microsoft 365's own numbers, before the registry's.
    ("account_suspended", r"5\.1\.8|5\.7\.(50[1-3]|511|70[58]|750)"),
    ("quota_sender", r"5\.1\.90"),
    ("hard_no_user", r"5\.1\.10"),
    ("rate_limit", r"5\.2\.12[12]|4\.7\.([56]\d\d|8[5-9]\d)"),
    ("auth_credentials", r"5\.7\.(57|139)"),
    ("sender_rejected", r"5\.7\.60"),
    ("block_ip", r"5\.7\.(51|506|507|508|510|513|60[6-9]|6[1-4]\d)"),
    ("auth_dmarc", r"5\.7\.(509|515)"),
    ("recipient_filtered", r"5\.7\.(12|124|13[3-6])"),
    ("tls", r"[45]\.7\.32[1-5]"),
    ("soft_expired", r"5\.4\.(300|316)"),
    ("content_format", r"5\.4\.11"),
    ("remote_error", r"[45]\.4\.(25|318)|4\.7\.700"),
    # The registry (RFC 3463 and what was added to it).
    ("hard_bad_domain", r"[45]\.1\.2|5\.4\.4"),
    ("hard_no_user", r"[45]\.1\.[136]|[45]\.7\.17"),
    ("sender_rejected", r"[45]\.1\.[78]|[45]\.7\.27"),
    ("hard_inactive", r"[45]\.2\.1|[45]\.7\.13"),
    ("soft_mailbox_full", r"[45]\.2\.2"),
    ("message_too_big", r"[45]\.2\.3|[45]\.3\.4"),
    ("content_format", r"[45]\.3\.3|[45]\.6\.\d+|[45]\.7\.[3567]"),
    # 1.4 an ambiguous address, 2.4 a list that cannot be expanded, 4.3 a directory
    ("remote_error", r"[45]\.3\.\d+|[45]\.1\.4|[45]\.2\.4|[45]\.4\.3"),
    ("soft_expired", r"[45]\.4\.7"),
    ("rate_limit", r"[45]\.4\.5|[45]\.7\.28"),
    ("soft_network", r"[45]\.4\.\d+"),
    ("too_many_recipients", r"[45]\.5\.3"),
    ("protocol_error", r"[45]\.5\.\d+|[45]\.7\.4"),
    ("recipient_filtered", r"[45]\.7\.2"),
    ("policy_other", r"[45]\.7\.15"),
    ("message_too_big", r"[45]\.7\.16"),
    ("auth_credentials", r"[45]\.7\.(8|9|11|12|14)"),
    ("tls", r"[45]\.7\.(10|30)"),
    ("hard_bad_domain", r"[45]\.7\.18"),
    ("auth_dmarc", r"[45]\.7\.(2[0-4]|26|29)"),
    ("block_dns", r"[45]\.7\.25"),
)

BASIC = {
    421: "soft_network", 432: "rate_limit", 450: "soft_greylist", 451: "remote_error",
    452: "soft_mailbox_full", 454: "tls", 455: "protocol_error",
    500: "protocol_error", 501: "protocol_error", 502: "protocol_error",
    503: "protocol_error", 504: "protocol_error", 555: "protocol_error",
    521: "hard_bad_domain", 556: "hard_bad_domain", 525: "hard_inactive",
    530: "auth_credentials", 534: "auth_credentials", 535: "auth_credentials",
    538: "auth_credentials", 551: "hard_no_user", 552: "soft_mailbox_full",
}  # fmt: skip
