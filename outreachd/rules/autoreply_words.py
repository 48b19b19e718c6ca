"""The words by which an automatic answer is told from a person's: data, by language.

``SUBJECT`` are prefixes that mail programs set themselves; ``AWAY`` are words of an
absence, believed without a header only beside a date or a promise to come back
(``autoreply``); ``LEFT`` says that the person works there no more. In small letters.
Languages: English, German, Russian, Ukrainian, French, Spanish, Italian, Portuguese,
Dutch, Polish, Czech, Turkish, Swedish, Danish, Norwegian, Finnish, Hungarian, Romanian,
Chinese, Japanese, Korean. Sources: RFC 3834; the fixed subjects of Outlook, Exchange,
Gmail, Apple Mail, Lotus Notes, Mail.ru and Yandex.
"""

from __future__ import annotations

import re

SUBJECT = re.compile(
    r"^\s*\W{0,3}(?:(?:re|aw|sv|vs|odp|antw|fwd?):\s*)*\W{0,3}"
    r"(?:auto(matic|mated|matische|mated)?[ -]?(re(ply|sponse|spond\w*)|antwort)\b|"
    r"auto:|automatic reply|autom(atisch)?\w* (antwor|svar|vastaus|odpo)|"
    r"out[ -]of[ -](the[ -])?office|ooo\b|away from (the )?office|on (annual )?leave\b|"
    r"on (vacation|holiday)|(vacation|holiday|absence) (notice|reply|message|response)|"
    r"i('m| am) (away|out of|on (vacation|holiday|leave))|"
    r"(ich bin )?abwesen|außer haus|nicht im (büro|haus)|urlaub|eingangsbestätigung|"
    r"réponse automatique|absence\b|absent|en congé|message d'absence|accusé de réception|"
    r"respuesta autom|fuera de (la )?oficina|ausen(te|cia)|acuse de recibo|"
    r"risposta automatica|fuori (sede|ufficio)|assen(te|za)|"
    r"resposta autom|fora do escritório|ausência|férias|"
    r"automatisch antwoord|afwezig|buiten kantoor|ontvangstbevestiging|"
    r"odpowiedź automatyczna|autoodpowiedź|nieobecno|poza biurem|urlop|"
    r"automatická odpověď|mimo kancelář|nepřítomn|"
    r"автоматич\w+ (ответ|уведомл)|автоответ|автовідповід|автоматична відповідь|"
    r"отсутств|нет на месте|в отпуске|я в отпуске|відсутн|у відпустці|"
    r"otomatik (yanıt|cevap)|ofis dışı|"
    r"autosvar|frånvar|fravær|ikke på kontoret|poissaolo|automaattinen|"
    r"automatikus válasz|răspuns automat|"
    r"自動(応答|返信)|不在|自动(回复|答复)|自動回覆|休假|자동 ?(응답|회신)|부재)"
)
ACKNOWLEDGED = re.compile(
    r"\b(ticket|case|request|inquiry|enquiry)\b.{0,30}(#|id|no\.?|number|received|created|"
    r"opened|\d{3,})|\[(ticket|case|request)?\W{0,2}#?\w{0,6}-?\d{3,}\]|"
    r"(we|have) (have )?received your (e-?mail|message|request|enquir|inquir)|"
    r"thank(s| you) for (contacting|your (request|enquiry|inquiry|submission))|"
    r"your (request|message|e-?mail|enquiry) (has been|was) (received|registered)|"
    r"(do not|don't) reply to this|not monitored|unmonitored|"
    r"ihre (anfrage|nachricht|e-?mail) (ist|wurde).{0,30}(eingegangen|erhalten)|"
    r"ваш[аe]? (заявка|обращение|запрос|письмо)\b.{0,40}(принят|получен|зарегистр)|"
    r"nous avons bien reçu|hemos recibido su|abbiamo ricevuto la|recebemos (a )?su"
)
CHALLENGE = re.compile(
    r"verification required|verify that you are|confirm (that )?you are (a )?(human|"
    r"person|not a)|(to|please) (complete|release|deliver|authenticate).{0,80}(click|"
    r"visit|link|verif)|spam ?arrest|boxbe|challenge[- ]response|sender verification|"
    r"guest list|waiting list.{0,60}(email|message)|whitelist (you|request)|"
    r"approved sender|requires verification|"
    r"(click|follow|visit)\b.{0,60}\bto (be added|confirm|verify|prove|deliver|release)|"
    r"подтвердите,? что вы|bestätigen sie,? dass sie"
)
AWAY = re.compile(
    r"out of (the |my )?office|(annual|maternity|paternity|parental|sick|medical) leave|"
    r"on (vacation|holiday|leave|a business trip)|(am|be|is) (currently )?(away|travell?ing|"
    r"unavailable|absent)|not (be )?(in|at) (the|my) (office|desk)|"
    r"limited access to (my )?e-?mail|"
    r"nicht im (büro|haus)|im urlaub|abwesend|außer haus|nicht erreichbar|elternzeit|"
    r"(je suis|suis) (actuellement )?(absent|en congé|en vacances|en déplacement)|"
    r"absent\w* du bureau|"
    r"fuera de (la )?oficina|de vacaciones|estoy ausente|estaré ausente|"
    r"fuori (sede|ufficio)|in ferie|sono assente|sarò assente|"
    r"fora do escritório|de férias|estou ausente|estarei ausente|"
    r"niet aanwezig|afwezig|op vakantie|niet op kantoor|met verlof|"
    r"nieobecn|poza biurem|na urlopie|"
    r"mimo kancelář|na dovolené|"
    r"в отпуске|в командировке|отсутству|нет на месте|не в офисе|на больничном|"
    r"в декрет\w+|вне офиса|нахожусь в отъезде|"
    r"у відпустці|відсутн\w+|у відрядженні|"
    r"ofis dışında|izinde|tatilde|"
    r"på semester|inte på kontoret|ikke på kontoret|på ferie|lomalla|poissa|"
    r"szabadságon|házon kívül|concediu|"
    r"休暇|不在|出張|休假|外出|不在办公室|출장|휴가|부재"
)
COMES_BACK = re.compile(
    r"\b(will|i'll|shall)( be)?( \w+){0,2} (reply|return|respond|back|answer|get back|be in)|"
    r"(back|return\w*) (on|in the|by|to the)|\buntil\b|\btill\b|returning|"
    r"wieder (im|da|erreichbar|zurück)|\bbis\b|\bab dem\b|zurück|"
    r"jusqu'au|de retour|(je )?(serai|reviendrai)|"
    r"\bhasta\b|regres|volver|vuelvo|"
    r"fino al|rientr|tornerò|\bal\b \d|"
    r"\baté\b|retorn|voltarei|"
    r"\btot\b|terug|"
    r"\bdo\b|wrac|wróc|powrót|"
    r"вернусь|отвечу|вернётся|вернется|буду (доступ|на (связи|месте))|по \d|до \d|"
    r"повернусь|відповім|"
    r"kadar|dönece|dönüş|tillbaka|tilbage|tilbake|takaisin|vissza|revin|"
    r"戻り|まで|返回|回来|까지|복귀"
)
LEFT = re.compile(
    r"no longer (works?|working|employed|with (the |our )?(company|us|firm|organi)|"
    r"an employee|part of|at (this|our|the) )|(has|have) left (the |our )?(company|firm|"
    r"organi|business|position)|left the company|is no longer (with|at|working|employed)|"
    r"not (working )?(with|for) (us|the company) any ?more|ceased to work|"
    r"(am|have) (retired|moved on)|"
    r"nicht mehr (bei|für|in|im)\b.{0,40}(tätig|beschäftigt|unternehmen|angestellt|firma)|"
    r"arbeitet nicht mehr|(unternehmen|firma)\b.{0,30}verlassen|ausgeschieden|"
    r"больше не работа|уже не работа|не работает (в|у) (компан|нас|организ)|уволи|"
    r"покинул\w* компан|більше не прац|"
    r"ne (fait|travaille) plus|a quitté (la société|l'entreprise|ses fonctions|notre)|"
    r"ya no (trabaja|labora|forma parte|pertenece)|ha dejado (la empresa|de trabajar)|"
    r"non (lavora|fa) più|ha lasciato (l'azienda|la società)|non è più in (azienda|forza)|"
    r"(já )?não (trabalha|faz parte) mais|não trabalha mais|deixou a (empresa|companhia)|"
    r"niet (langer|meer) (werkzaam|in dienst|bij)|werkt niet (meer|langer)|"
    r"nie pracuje już|już nie pracuje|nie jest już (pracownik|zatrudn)|"
    r"již nepracuje|artık çalışm|arbetar inte längre|slutat|"
    r"退職|離職|离职|퇴사"
)
