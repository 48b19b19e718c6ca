"""The words a person wrote, without those they quote.

Mail programs put the letter that is answered below the answer, or between its lines;
our own footer speaks of unsubscribing, so nothing may be judged before it is gone. Cut
is at the first line that opens a quotation in any habit known; lines marked with ``>``
go wherever they stand, and so does a signature. What is left may be empty. The ideas
are those of talon (Apache-2.0); rules and words are our own. Linear in the text.
"""

from __future__ import annotations

import re

from outreachd.rules.notice_phrases import phrases

MAX_TEXT = 64 << 10  # characters
MAX_LINES = 2000

_WROTE = phrases(
    r"""
\b(wrote|writes|schrieb(en)?|écrit|escribió|ha scritto|scrisse|escreveu|schreef
    |geschreven|napisał\w*|napsal\w*|skrev|kirjoitti|yazdı|írta|a scris
    |έγραψε)\b[^:]{0,80}:$
(пишет|писал\w*|написал\w*|написав|пише)\b[^:]{0,80}:$
(写道|寫道|のメール|wrote)\s*[:：]$
""",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"\d|@|>|\bon\b|\bam\b|\ble\b|\bel\b|\bil\b|\bem\b|\bop\b", re.IGNORECASE
)
_DIVIDER = phrases(
    r"""
(original(e|nachricht)?[ -]*(message|mail|meddelelse
    |meddelande)?|(original|ursprüngliche) (message|nachricht|mail)
    |ursprungligt meddelande|(begin )?forwarded message|weitergeleitete nachricht
    |message (d'origine|original|transféré|précédent)|mensaje (original|reenviado)
    |messaggio (originale|inoltrato)|mensagem (original|encaminhada)
    |oorspronkelijk bericht|doorgestuurd bericht|(wiadomość|oryginalna wiadomość
    |wiadomość oryginalna|przekazana wiadomość)|исходное сообщение
    |пересланное сообщение|пересылаемое сообщение|původní zpráva
    |oprindelig meddelelse|özgün ileti|reply above this line|原始邮件
    |元のメッセージ|転送されたメッセージ
    |원본 메시지)
""",
    re.IGNORECASE,
)
_FROM = phrases(
    r"""
^[\s>*]*(from|von|de|от(правитель|\s+кого)?|від|da|van|od|fra|från|lähettäjä|kimden
    |feladó|发件人|寄件者|差出人|보낸 ?사람)\s*\*?\s*[:：]
""",
    re.IGNORECASE,
)
_SENT = phrases(
    r"""
^[\s>*]*(sent|date|gesendet|datum|envoyé|date|enviad[oa]( el)?|fecha|inviato|data
    |verzonden|wysłano|odesláno|skickat|sendt|lähetetty|gönderilen|tarih|отправлено
    |дата|надіслано|to|an|à|para|кому|до|a|aan|do|komu|till|til|kime|subject|betreff
    |objet|asunto|oggetto|assunto|onderwerp|temat|тема|发送时间|收件人|日付|宛先
    |보낸 ?날짜)\s*\*?\s*[:：]
""",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*_{8,}\s*$")
_MARKED = re.compile(r"^\s{0,4}(>|\|\s)")
_SIGNATURE = re.compile(r"^--\s*$")
_DEVICE = phrases(
    r"""
^\W*(sent (from|with|via) |get outlook for |von meinem .{0,20}gesendet|gesendet (mit
    |von) |envoyé (de|depuis) |enviado (desde|de|do) |inviato da |verzonden (vanaf
    |met) |wysłano z |отправлено (с|из) |надіслано з ).{0,80}$
""",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """Leave what the writer wrote; "" if all of it is quoted."""
    lines = text[:MAX_TEXT].replace("\r\n", "\n").split("\n")[:MAX_LINES]
    kept: list[str] = []
    for number, line in enumerate(lines):
        if _opens_quotation(lines, number) or _SIGNATURE.match(line):
            break
        if not (_MARKED.match(line) or _DEVICE.match(line)):
            kept.append(line.rstrip())
    return "\n".join(kept).strip()


def _opens_quotation(lines: list[str], number: int) -> bool:
    line = lines[number]
    if len(line) > 400:
        return False
    if _DIVIDER.fullmatch(line.strip(" \t>*-_=:\uff1a")):
        return True
    near = lines[number + 1 : number + 5]
    if _FROM.match(line) and any(_SENT.match(other) for other in near):
        return True
    if _RULE.match(line) and any(_FROM.match(other) for other in near):
        return True
    return _is_wrote(line, lines[number + 1 : number + 3])


def _is_wrote(line: str, following: list[str]) -> bool:
    """Tell "On Monday Ann Lee <ann@..> wrote:", also broken into up to three lines."""
    if not line.strip() or not _DATED.search(line):
        return False
    joined = line.strip()
    if _WROTE.search(joined):
        return True
    for other in following:
        if not other.strip() or _MARKED.match(other):
            return False
        joined = f"{joined} {other.strip()}"
        if len(joined) > 300:
            return False
        if _WROTE.search(joined):
            # A sentence too may end in "wrote:"; a quotation names date or address.
            return bool(re.search(r"\d|@", joined))
    return False
