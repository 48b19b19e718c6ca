"""Words that likely tell what is wrong with a recipient, in many languages.

A noun for whom it is about and, near it, a verb for what is wrong: any wording of it
holds both. What fills, filters or closes a mailbox stands before what is not there,
since only a missing or closed one may suppress anybody. Asked in the midst of
``reply_words_likely``, after what is about us; patterns and sources as there.
"""

from __future__ import annotations

from outreachd.rules.notice_phrases import rules

_WHO = (
    r"(?:user|recipient|rcpt|mail ?box|account|address|addressee|person|customer"
    r"|subscriber|alias)s?"
)
_ABROAD = (  # German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian ..
    r"(?:benutzer|empfänger\w*|postfach|konto|adress\w*|utilisateur|destinat\w+|compte"
    r"|bo[iî]te\b|usu[aá]rio|buz[oó]n|cuenta|utente|casella|conta\b|caixa"
    r"|dirección|indirizzo|endereço|e-?mailadres|gebruiker"
    r"|ontvanger|postbus|użytkowni\w+|odbiorc\w+|skrzynk\w+|uživatel\w*|schránk\w+"
    r"|пользовател\w+|адрес\w*|получател\w+|(?:почтов\w+ )?ящик\w*|користувач\w*"
    r"|скриньк\w*|mottagar\w+|användar\w+|bruger\w*|modtager\w*|al\u0131c\u0131\w*"
    r"|kullan\u0131c\u0131\w*)"
)

LIKELY_THEM = rules(
    (
        "recipient_filtered",
        r"""
(recipient|user|addressee|mailbox owner)s? .{0,30}(refuse|declin|(reject|block)(s
    |ed) (you|the
    |this|mail|message|by)|does(n't| not) (want|accept|wish)|only accept)
(recipient|user)s? (does not|doesn't|will not|won't) (accept|want|receive)
(not|isn't) (on|in) .{0,30}(white|allow|safe|accept|approved|permitted)
(permission|permitted|allowed|authori[sz]ed) to (send|mail|write
    |e-?mail)( \w+){0,3} (this
    |the) (recipient|address|user|mailbox|group)
(restricted|private|closed) (group|list|address|recipient|mailbox)
(by|from) (the )?(recipient|addressee)\b|delivery (is )?restrict
(recipient|user)s? accepts? (no|only)
(annahme|empfang) (verweigert|abgelehnt)|members? only|authrequired
""",
    ),
    (
        "soft_mailbox_full",
        rf"""
{_WHO}\b.{{0,50}}\b(full|exceed\w*|exhausted|out of|over(flow\w*)?)\b
(exceed\w*|exhausted|out of|insufficient|not enough|no)\b.{{0,40}}(storage|space
    |mailbox)
\bquota|overquota|(storage|space) (allocation|limit|exceeded)
{_ABROAD}.{{0,40}}(voll\b|überfüllt|überschritten|pleine?\b|satur|dépass|llen[oa]|excedi
    |superad|pien[ao]|esaurit|chei[ao]|lotad|esgotad|переполн|превы|заполн|vol\b|pełna
    |przepełn|przekrocz|plná|full\b|dolu|повна)
zu ?viele (e-?)?mails|speicherplatz|квот\w+|容量|已满|已滿|가득
(邮箱|メールボックス).{{0,20}}(满|いっぱい|一杯)
""",
    ),
    (
        "rate_limit",
        r"""
too (much|many|frequent|fast|quickly)\b(?! (hops|recipients|received))
(rate|frequency|connection|session)s? (limit|control|exceed|is too)
exceed\w* .{0,40}(rate|connections|sessions|frequency)|flood|concurren\w+|simultaneous
per (minute|hour|second)\b|excessive (volume|rate|connections)|zu viele verbindungen
слишком (много|часто)|trop de (messages|connexions)|demasiad[oa]s (conex|mensajes)
""",
    ),
    (
        "hard_inactive",
        rf"""
{_WHO}\b.{{0,50}}\b(on hold|not available|deactivat\w+|disabled|cancell?ed|deleted
    |removed
    |not allowed to receive|terminated|frozen|retired|abandoned|not in use
    |not (been )?activ\w+)
never logged|(closed|expired|suspended|dormant|dead) (account|mailbox|user)
{_ABROAD}.{{0,40}}(deaktiviert|gesperrt|stillgelegt|désactiv|suspendu|ferm|clôtur
    |desactivad|deshabilitad|suspendid|bloquead|disattivat|disabilitat|sospes|desativad
    |отключ|заблокир|неактив|не актив|удал|вимкнен|zablokowan|wyłączon|uitgeschakeld)
""",
    ),
    (
        "hard_no_user",
        rf"""
{_WHO}\b.{{0,50}}\b(not|never|cannot|can't|couldn't|doesn't|isn't)( \w+){{0,2}} (exist
    |found|find|known|valid|local|recogni[sz]ed|listed|have an|here|belong|located
    |resolved|identified|registered|defined|in (our|the|this)
    |our (user|customer|system|server|domain|database|directory)s?)\b
(unable to|can ?not|can't|could not|couldn't|did not) (find|locate|look ?up|identify)\b
    .{{0,30}}\b{_WHO}\b
(impossibile trovare|no se encontró|nie można znaleźć|找不到)\b.{{0,40}}{_ABROAD}
找不到.{{0,20}}(地址|收件人|用户)|(mail)?adres\w*\b.{{0,60}}niet gevonden
endereço\b.{{0,60}}não foi encontrad|\b(is not|isn't) (a |an )?(mailbox|user|account
    |address|recipient|on this server)\b
address (unrecogni[sz]ed|incorrect|is wrong)|no active (mailbox|account|user)
not our (user|customer|client)|(not
    |no longer) (at this|with us|an existing user)
(recipient|address|rcpt|user) (callout )?(verif\w+|check|validation) fail
(unknown|wrong|incorrect|nonexist\w+|non-exist\w+|not existing|unresolvable|undefined
    |missing|mistyped)\b.{{0,20}}\b{_WHO}\b
{_WHO}\b.{{0,30}}\b(unknown|nonexist\w+|incorrect|mistyped|misspelled)
{_ABROAD}.{{0,40}}(unbekannt|nicht (gefunden|vorhanden|bekannt|existent)|existiert nicht
    |ungültig|inconnu|introuvable|existe|invalid|inexist|desconocid|encontrad|válid
    |sconosciut|inesist|trovat|desconhecid|не (найден|существ|зарегистр)|неизвест
    |неверн|несуществ|не знайден|не існує|nieznan|nie (istnieje|znalezion)|onbekend
    |bestaat niet|neexistuje|neznám|okänd|finns inte|ukendt|findes ikke|bulunamad\u0131)
(unbekannt\w*|inconnue?s?|desconocid\w+|sconosciut\w+|desconhecid\w+|неизвестн\w+
    |несуществ\w+|nieznan\w+|onbekende?|ungültige\w?)\b.{{0,20}}{_ABROAD}
(нет|такого|таких)\b.{{0,20}}{_ABROAD}|kein(e|en)? .{{0,20}}{_ABROAD}
(用户|收件人|邮箱|信箱|地址|ユーザ\w?|宛先|アドレス|사용자|수신자).{{0,20}}(不存在|无效
    |未找到|存在しま
    |見つか|不明|없|존재하지)
""",
    ),
    ("hard_no_user", r"address rejected"),
)
