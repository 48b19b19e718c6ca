"""The words by which a machine's notice about delivery is told: data, with sources.

``DAEMON`` names who writes such notices, ``SUBJECT`` and ``SAID`` what they say,
``RETURNED`` the line below which our own letter begins again. A mail is such a notice
only if both who and what agree (``dsn_text``). In small letters; first match wins.
Sources: the texts of Postfix, Sendmail, Exim, qmail, Exchange, Domino, GroupWise,
Courier, OpenSMTPD, DragonFly, Yahoo, Gmail, Mail.ru and the providers' own gateways.
"""

from __future__ import annotations

import re

from outreachd.rules.notice_phrases import phrases

DAEMON = phrases(
    r"""
mailer[-_. ]?daemon|^daemon@|\bmdaemon@|post[-_. ]?master
mail ?delivery|delivery (sub)?system|mail(er)? (system|server|admin)
system administrator|mailserver|mail_service@|^<?ndr@|mailerdaemon|bounce[sd]?@
(microsoft|exchange|outlook)\S*329e71ec|complaints?-notification
"""
)
SUBJECT = phrases(
    r"""
undeliver|un[- ]?deliver|non[- ]?deliver|not (be )?deliver|returned (mail|to)
return(ing|ed)? (message|mail)|failure (notice|delivery|notification)
deliver\w* (has |was )?(status|fail|problem|error|notif|report|delay|warning|has been)
rejected (mail|message)
(message|mail|email)\b.{0,40}(fail|delayed|not (been )?(sent|delivered)|error
    |returned|rejected|undeliver)
fail\w* to deliver|could not (be )?(send|sent)
(delivery|deliver|mail|message) (failure|failed|error|problem|delay|warning)
^warning: (message|could not)|delayed mail|status notification|delivery status
unzustellbar|nicht zugestellt|zustell(ung|fehler|bericht)|non remis
échec|rapport de non|no se (ha )?(pudo|podido|puede)|no entregado|devuelto
nicht zustellbar|non recapit|impossibile recapit|não é possível entreg|无法(传递|投递
    |送达)
nedoruč|nelze doručit|kézbesíthetetlen|nu (a putut|poate) fi livrat|banned (contents
    |file)
无法|退回|^\W*(message|mail|e-?mail) (you sent )?(was )?blocked
mancata consegna|non (è stato )?(recapitat|consegnat)|não entreg|falha na entrega
niet (be|af)geleverd|onbestelbaar|niedostarcz|nie (została|można) dostarcz
не (может быть )?(доставлен|достав)|недоставлен|не удалось доставить
配信|送信(エラー|できません)|系统退信|退信|投递失败|teslim edilemedi
반송|배달 (불가|실패)|olevererbart|kunde inte levereras|kan ikke leveres|perille
"""
)
SAID = phrases(
    r"""
(could|can|can't|couldn't|was|has|were|is|did|been|be)( ?not
    |n't)?( yet)? ?(be(en)? )?(un(able|successful) to (deliver|send)|deliver
    |reach the following)
(not|n't) (be |been )?(delivered|sent to|reach)|unable to deliver|undeliver
deliver\w*( \S+){0,8} (failed|failure|error|unsuccessful)|returned to (the )?sender
(wasn't|was not|weren't|were) (un)?able to (deliver|send)|permanent (fatal )?error
fail\w* (to deliver|permanently|recipient)|following (address|recipient)\w*
error (while|when|was|has|occur|deliver)|transcript of session
(message|mail|queue)\b.{0,60}(delayed|expired|queue)
(final|original)-recipient:|remote (host|server) (said|returned)
\b[45]\d\d[ -]+[45]\.\d\.\d|\b5[05]\d[ -:]|no se (ha )?(pudo|podido)|no pudo
(user|mailbox|address)\b.{0,30}(unknown|not found|does not exist)|no such user
konnte nicht|nicht zugestellt|n'a pas pu|nicht (erreicht|erreichbar|zustellbar)
bei der (nachrichten)?zustellung|échec de la remise|n'a pas été (remis|distribu|délivr)
(error|falha|fallo) (en|na) la? ?entrega|impossibile recapit|bezorg\w+\b.{0,80}mislukt
niet (worden )?bezorgd|dostarczeni\w+\b.{0,80}nie powiod|nie została dostarczon
nepodařilo (se )?doručit|nedoručen|teslim edil(e)?me|kézbesít|kunde inte (nå|lever)
kunne ikke leve|未能(向|将|传|投|送)|无法(传递|投递|送达|发送)|被退回|退信|投递失败
    |전달할 수 없
delivery of the (e-?mail|message|mail) was (stopped|blocked|refused)|banned content
(message|e-?mail) (was|has been) (blocked|quarantined)|non è stato
    |não (pode|foi)
niet worden|не может быть доставлен|не (был\w* )?доставлен|не удалось
送信できません|配信(でき|エラー|に失敗)|failure reasons|notificationtype":"(bounce|del)
"""
)
# The mark of a person who passes a notice on.
FORWARDED = re.compile(
    r"^\s*\[?(fwd?|wg|tr|rv|enc|doorst|vs|pd|пересл\w*|i|inoltr\w*)\s*(\[\d+\])?:",
)
# Below such a line stands our own letter, whatever it says.
RETURNED = phrases(
    r"""
# after dashes, anywhere in the line
\b(below this line|(original|returned|unsent|undelivered|rejected|forwarded) message)\b
\b(original (mail|header)|returned mail|copy of (the|your)|message headers?)\b
\b(mensaje original|body of message|enclosed is)\b
^original\b
"""
)
RETURNED_BARE = phrases(
    r"""
# the whole line, without dashes
(a copy of|below is|here is a copy|this is a copy|included is|following is)\b.{0,60}
    (message|mail|header)s?\b.*
(the )?(original|undelivered|returned|bounced) (message|e-?mail)s?(('s)? headers?)?
    ( is| was)?( follows?| below| attached| as follows)?\s?[.:]
(message|original|received) headers?( follows?| below)?\s?[.:]?
original message follows.*|message headers follow.*|your message reads \(in part\):.*
the (message )?headers? (of|were).*|original message( text)?
"""
)
# A run of header lines is our own letter too.
_HEADER = (
    r"(?:return-path|received|dkim-signature|message-id|date|from|to|subject|"
    r"mime-version|x-[\w-]{2,40}|delivered-to|reply-to|cc|user-agent|sender|references|"
    r"arc-[\w-]{2,40}|list-[\w-]{2,30}|authentication-results)[ \t]*:"
)
HEADER_RUN = re.compile(
    rf"^(?:> ?)?{_HEADER}.*(?:\n[ \t]+\S.*){{0,40}}\n(?:> ?)?{_HEADER}",
    re.IGNORECASE | re.MULTILINE,
)
# The notice only warns: the letter is still on its way.
DELAY = phrases(
    r"""
(is|has been|was|been|being) delayed|delayed (for|\d+) |still being (re)?tried
temporary failure report|(not|n't) need to re-?send|this is (only )?a warning
warning message only|not( yet)? been (able to )?(be )?delivered (yet|after more)
(will|continues?) (to )?(continue|keep|be|retry|try)\w* (to )?(re)?tr(y|ied)
delivery attempts will continue|no action is required on your part
wird\b.{0,60}(weiter|erneut)\w* (versucht|zugestellt|zuzustell)|still attempting
zustellung\b.{0,30}verzögert|доставка (письма )?(не завершена|задерж|отложен)
буд(ет|ем) пытаться|отложена доставка|retard\w* (de|dans) (la )?(remise|livraison
    |distrib)
(réessa|retent)\w+ (pendant|de (la )?remettre)|(seguir\w*|volver\w*) a? ?intent
se (ha )?retras\w+ la entrega|consegna\b.{0,30}ritard|continu\w+ a tentare
entrega\b.{0,30}atras|wordt (nog )?geprobeerd|opóźnion|配信(が|は)遅延|延迟(传递|投递)
"""
)
