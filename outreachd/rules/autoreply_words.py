"""The words by which an automatic answer is told from a person's: data, by language.

``SUBJECT`` are prefixes that mail programs set themselves, first of all: behind "Re:"
stands our own subject, which may speak of holidays, too; ``AWAY`` are words of an
absence, believed without a header only beside a date or a promise to come back
(``autoreply``); ``LEFT`` says that the person works there no more. In small letters.
Languages: English, German, Russian, Ukrainian, French, Spanish, Italian, Portuguese,
Dutch, Polish, Czech, Turkish, Swedish, Danish, Norwegian, Finnish, Hungarian, Romanian,
Chinese, Japanese, Korean. Sources: RFC 3834; the fixed subjects of Outlook, Exchange,
Gmail, Apple Mail, Lotus Notes, Mail.ru and Yandex.
"""

from __future__ import annotations

from outreachd.rules.notice_phrases import phrases

SUBJECT = phrases(
    r"""
^\W{0,3}(?:auto(matic|mated|matische
    |mated)?[ -]?(re(ply|sponse|spond\w*)|antwort)\b|auto:|automatic reply
    |autom(atisch)?\w* (antwor|svar|vastaus|odpo)|out[ -]of[ -](the[ -])?office
    |ooo\b|away from (the )?office|on (annual )?leave\b|on (vacation|holiday)
    |(vacation|holiday|absence) (notice|reply|message|response)|i('m| am) (away
    |out of|on (vacation|holiday|leave))|(ich bin )?abwesen|außer haus
    |nicht im (büro|haus)|urlaub|eingangsbestätigung|réponse automatique|absence\b
    |absent|en congé|message d'absence|accusé de réception|respuesta autom
    |fuera de (la )?oficina|ausen(te|cia)|acuse de recibo|risposta automatica
    |fuori (sede|ufficio)|assen(te|za)|resposta autom|fora do escritório|ausência
    |férias|automatisch antwoord|afwezig|buiten kantoor|ontvangstbevestiging
    |odpowiedź automatyczna|autoodpowiedź|nieobecno|poza biurem|urlop
    |automatická odpověď|mimo kancelář|nepřítomn|автоматич\w+ (ответ|уведомл)
    |автоответ|автовідповід|автоматична відповідь|отсутств|нет на месте|в отпуске
    |я в отпуске|відсутн|у відпустці|otomatik (yanıt|cevap)|ofis dışı|autosvar
    |frånvar|fravær|ikke på kontoret|poissaolo|automaattinen|automatikus válasz
    |răspuns automat
    |自動(応答|返信)|不在|自动(回复|答复)|自動回覆|休假|자동 ?(응답|회신)|부재)
"""
)
ACKNOWLEDGED = phrases(
    r"""
\b(ticket|case|request|inquiry|enquiry)\b.{0,30}(#|id|no\.?|number|received|created
    |opened|\d{3,})
\[(ticket|case|request)?\W{0,2}#?\w{0,6}-?\d{3,}\]
(we|have) (have )?received your (e-?mail|message|request|enquir|inquir)
thank(s| you) for (contacting|your (request|enquiry|inquiry|submission))
your (request|message|e-?mail|enquiry) (has been|was) (received|registered)
(do not|don't) reply to this|not monitored|unmonitored
ihre (anfrage|nachricht|e-?mail) (ist|wurde).{0,30}(eingegangen|erhalten)
ваш[аe]? (заявка|обращение|запрос|письмо)\b.{0,40}(принят|получен|зарегистр)
nous avons bien reçu|hemos recibido su|abbiamo ricevuto la|recebemos (a )?su
"""
)
CHALLENGE = phrases(
    r"""
verification required|verify that you are
confirm (that )?you are (a )?(human|person|not a)
(to|please) (complete|release|deliver|authenticate).{0,80}(click|visit|link|verif)
spam ?arrest|boxbe|challenge[- ]response|sender verification
guest list|waiting list.{0,60}(email|message)|whitelist (you|request)
approved sender|requires verification
(click|follow|visit)\b.{0,60}\bto (be added|confirm|verify|prove|deliver|release)
подтвердите,? что вы|bestätigen sie,? dass sie
"""
)
AWAY = phrases(
    r"""
out of (the |my )?office|(annual|maternity|paternity|parental|sick|medical) leave
on (vacation|holiday|leave|a business trip)
(am|be|is) (currently )?(away|travell?ing|unavailable|absent)
not (be )?(in|at) (the|my) (office|desk)
limited access to (my )?e-?mail
nicht im (büro|haus)|im urlaub|abwesend|außer haus|nicht erreichbar|elternzeit
(je suis|suis) (actuellement )?(absent|en congé|en vacances|en déplacement)
absent\w* du bureau
fuera de (la )?oficina|de vacaciones|estoy ausente|estaré ausente
fuori (sede|ufficio)|in ferie|sono assente|sarò assente
fora do escritório|de férias|estou ausente|estarei ausente
niet aanwezig|afwezig|op vakantie|niet op kantoor|met verlof
nieobecn|poza biurem|na urlopie
mimo kancelář|na dovolené
в отпуске|в командировке|отсутству|нет на месте|не в офисе|на больничном
в декрет\w+|вне офиса|нахожусь в отъезде
у відпустці|відсутн\w+|у відрядженні
ofis dışında|izinde|tatilde
på semester|inte på kontoret|ikke på kontoret|på ferie|lomalla|poissa
szabadságon|házon kívül|concediu
休暇|不在|出張|休假|外出|不在办公室|출장|휴가|부재
"""
)
COMES_BACK = phrases(
    r"""
\b(will|i'll|shall)( be)?( \w+){0,2} (reply|return|respond|back|answer|get back|be in)
(back|return\w*) (on|in the|by|to the)|\buntil\b|\btill\b|returning
wieder (im|da|erreichbar|zurück)|\bbis\b|\bab dem\b|zurück
jusqu'au|de retour|(je )?(serai|reviendrai)
\bhasta\b|regres|volver|vuelvo
fino al|rientr|tornerò|\bal\b \d
\baté\b|retorn|voltarei
\btot\b|terug
\bdo\b|wrac|wróc|powrót
вернусь|отвечу|вернётся|вернется|буду (доступ|на (связи|месте))|по \d|до \d
повернусь|відповім
kadar|dönece|dönüş|tillbaka|tilbage|tilbake|takaisin|vissza|revin
戻り|まで|返回|回来|까지|복귀
"""
)
LEFT = phrases(
    r"""
no longer (works?|working|employed|with (the |our )?(company|us|firm|organi)
    |an employee|part of|at (this|our|the) )
(has|have) left (the |our )?(company|firm|organi|business|position)|left the company
is no longer (with|at|working|employed)
not (working )?(with|for) (us|the company) any ?more|ceased to work
(am|have) (retired|moved on)
nicht mehr (bei|für|in|im)\b.{0,40}(tätig|beschäftigt|unternehmen|angestellt|firma)
arbeitet nicht mehr|(unternehmen|firma)\b.{0,30}verlassen|ausgeschieden
больше не работа|уже не работа|не работает (в|у) (компан|нас|организ)|уволи
покинул\w* компан|більше не прац
ne (fait|travaille) plus|a quitté (la société|l'entreprise|ses fonctions|notre)
ya no (trabaja|labora|forma parte|pertenece)|ha dejado (la empresa|de trabajar)
non (lavora|fa) più|ha lasciato (l'azienda|la società)|non è più in (azienda|forza)
(já )?não (trabalha|faz parte) mais|não trabalha mais|deixou a (empresa|companhia)
niet (langer|meer) (werkzaam|in dienst|bij)|werkt niet (meer|langer)
nie pracuje już|już nie pracuje|nie jest już (pracownik|zatrudn)
již nepracuje|artık çalışm|arbetar inte längre|slutat
退職|離職|离职|퇴사
"""
)
