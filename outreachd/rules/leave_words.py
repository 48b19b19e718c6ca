"""Requests to be left alone, by their words: data, by language, and how they are read.

A text is read sentence by sentence. ``STAY`` is asked first: "do not unsubscribe me",
"I don't want to stop" and news about other people's subscriptions are no requests.
Then ``ALONE`` (a whole answer that is nothing but "stop") and ``LEAVE``. A request
stands in what the person wrote, never in what they quote (``answer``). To take a wish
to leave for something else is worse than the reverse: what is doubtful is a request.
Languages: English, German, Russian, Ukrainian, French, Spanish, Italian, Portuguese,
Dutch, Polish. Sources: RFC 8058's purpose; CAN-SPAM, GDPR articles 17 and 21.
"""

from __future__ import annotations

import re

from outreachd.rules.notice_phrases import phrases

MAX_TEXT = 4000  # characters; a request does not hide behind pages

ALONE = phrases(
    r"""
(please |bitte |пожалуйста,? |s'il vous plaît,? |por favor,? |per favore,? |
    alstublieft,? |proszę,? )?(stop( all)?|unsubscribe|unsub|remove( me)?|opt[ -]?out
    |end|quit|cancel|take me off|no more|enough|abmelden|abbestellen|austragen|löschen
    |stopp|отпис(ка|аться|ать|ывайте|ите|ать меня)|стоп|хватит|удалите|відписатися
    |відпишіть|désinscrire|désinscription|désabonner|désabonnement|arrêtez|baja
    |darse de baja|cancelar( suscripción)?|basta|cancellami|cancellazione
    |disiscrivi(mi)?|rimuovi(mi)?|sair|descadastrar|remover|cancelar inscrição
    |uitschrijven|afmelden|wypisz|wypisać|rezygnuję|usuń)\W{0,3}(me|please|bitte|danke
    |thanks?( you)?|меня|пожалуйста|спасибо|merci|gracias|grazie|obrigad[oa]
    |dank( je| u)?|dziękuję|proszę|mich)?
"""
)

STAY = phrases(
    r"""
# English: the wish is denied, or is about something else.
never (\w+ ){1,3}(unsubscribe|stop)\b
(don't|do not|never|please not|not to|no need to|won't|rather not|(do|did)n't (want
    |ask|mean|wish|intend)( \w+){0,3}) (\w+ )?(unsubscribe|remove|opt(ing)? out
    |take me off|delete|stop|cancel)
(don't|do not) want (you )?to (stop|unsubscribe|be removed|leave)
(unsubscribe|opt[- ]out|stop) (rate|rates|link|button|feature|option|page|function)
(can't|cannot|couldn't) stop (reading|laughing|thinking)|nonstop|bus stop
(glad|happy) (that )?i (didn't|did not) unsubscribe
stop by\b|stop (at|in) (your|our|the)
# German
(nicht|nie|keinesfalls)( wieder)? (abmelden|abbestellen|austragen|löschen|entfernen
    |aus (der|ihrer) liste)
(melden|tragen|nehmen|löschen) sie mich (bitte )?nicht
möchte (mich |ich )?nicht (abmelden|abgemeldet|ausgetragen)
# Russian, Ukrainian
\bне (надо |нужно |стоит |хочу |хотел\w* бы |собира\w+ )?(меня )?(отпис|удал|исключ
    |прекращ|убир)
\bне відпис|не видал
# French
\bne (me |m')?(désinscri|désabonn|retire|supprim|enlev)\w* (surtout )?pas
\bne (veux|souhaite) pas (me )?(désinscri|désabonn|être (retir|désinscri|désabonn))
# Spanish
\bno (me |quiero |deseo )*(den? de baja|dé de baja|des de baja|darme de baja|eliminen?
    |borren?|cancelen?|quiten?)
# Italian
\bnon (mi |voglio |desidero )*(cancell|disiscriv|rimuov|toglie)\w*
# Portuguese
\bnão (me |quero |desejo )*(remov|descadastr|cancel|exclu|sair|tir)\w*
# Dutch
(niet|nooit) (uitschrijven|afmelden|verwijderen)
(schrijf|meld) mij (alstublieft )?niet (uit|af)
# Polish
\bnie (chcę |proszę )?(mnie )?(wypis|usuw|usuń|skreśl)\w*
"""
)

LEAVE = phrases(
    r"""
# English
unsubscribe (me|us|my|this|from|immediately|please|now|asap)
(please|pls|kindly|to|can you|could you|must) unsubscribe|(^|[,:])\W{0,3}unsubscribe\b
how (do|can|to)( i)? unsubscribe|unsubscribed from
(remove|delete|erase|take|strike) (me|us|my|our|this (e-?mail
    |address))\b( \S+){0,4} ?(off|from|out|list|data|address|e-?mail|details|contact
    |database|immediately|please)
^\W{0,3}(please |pls |kindly )?remove me\b|take me off
(remove|delete|erase) (all )?(my|our) (personal )?(data|information|details|e-?mail
    |address|contact|name)
\bopt(ing)?[ -]?(me )?out\b|off (of )?(your|this|the) (mailing |e-?mail )?list
(please |pls )?(stop|cease|quit
    |discontinue) (all |any )?(these |this |the )?(further )?(e-?mail|mail|send
    |contact|spam|messag|writ|bother|communicat|harass|market|outreach)
(do not|don't|never|not) (ever )?(e-?mail|contact|write|message|send|spam|bother
    |reach)( out)?( to)? (me|us|any|this|again|here)
(do not|don't|no longer|not) (want|wish|care|like) (to )?(receive|get|hear
    |be contacted|be e-?mailed|any (more|further))
(no|not any) (more|further) (e-?mails?|mails?|messages|contact|correspondence
    |communication)
leave me alone|lose my (number|e-?mail|address)
(withdraw|revoke) (my )?consent|object to (the )?processing
right to (be forgotten|erasure)|cancel my (subscription|registration)
(report|flag|mark)(ing|ed)? (you|this|it|your)( \w+){0,3} (as|for) (spam|junk|abuse)
this is (spam|unsolicited)|never (signed up|subscribed|asked for|gave)
# German
(abmelden|abbestellen|austragen|abgemeldet)\b
(melden|tragen) sie mich\b.{0,40}\b(ab|aus)\b
(nehmen|löschen|streichen|entfernen|entferne|lösche|nimm) (sie )?(mich|uns|meine
    |unsere|bitte (meine|mich))
(meine|unsere) (e-?mail-?)?(adresse|daten)\b.{0,60}(löschen|entfernen|streichen)
aus (ihrem|ihrer|dem|der|eurem) (\w+ )?(verteiler|liste|datenbank)
(keine|nicht) (weiteren?|mehr)( \S+){0,4} (e-?mails?|mails?|werbung|nachrichten
    |zusendung|kontakt|post|angebote|schreiben|senden|anschreiben|kontaktieren
    |erhalten)
(schreiben|kontaktieren|belästigen|senden|schicken) sie (mir|mich
    |uns)\b.{0,30}(nicht (mehr|wieder|weiter|länger)|keine|nie\b|niemals|nicht$)
schreib\w* mir nicht|unterlassen sie|widerspreche|widerruf\w*
wünsche keine|möchte keine|kein interesse und keine|lassen sie mich in ruhe
art\w*\.? ?(17|21)\b.{0,20}(dsgvo|ds-gvo|gdpr)
# Russian, Ukrainian
(отпиш\w*|отписать\w*|отписыва\w*|отписк\w*)
(удалит\w*|уберит\w*|исключит\w*|вычеркн\w*|убрать|удалить)\b.{0,50}(меня|нас|мой
    |мою|мои|наш|адрес|почт|рассылк|базы|списк|данные|контакт)
(больше|впредь) (мне |нам |сюда )?не (пиш|пис|присыл|отправл|шли|беспоко|рассыл
    |звон)\w*
не (пиш\w+|присыл\w+|шл\w+|отправл\w+|беспоко\w+) (мне |нам |сюда )?(больше|никогда)
(прекратит|перестан|хватит|прекращай)\w*( \S+){0,3} (пис|слать|присыл|спам|рассыл
    |отправл|беспоко)\w*
не хочу\b.{0,30}(получать|рассыл|пис[еь]м)
не (надо|нужно) (мне |нам )?(больше )?(писать|присылать|слать)|отзыв\w+ согласи
(это|ваш) спам|пожалуюсь|відпиш\w*|видаліть|не пишіть|не надсилайте|припиніть
# French
(désinscri\w*|désabonn\w*)
(retir|supprim|enlev|effac|ray)\w*[- ](moi|nous|mon|mes|ma|notre)
me (retirer|supprimer|enlever|désinscrire|désabonner)
ne (plus|souhaite plus|veux plus|désire plus)( \S+){0,3} (recevoir|être contact
    |m'écri|me contact|m'envoy)
ne (me|m'|nous) ?(écri\w+|contact\w+|envoy\w+) plus
ne m'(écri|envoy)\w+ plus|(arrêtez|cessez) (de |d'|vos )
plus (de|aucun) (mails?|e-?mails?|messages?|courriels?)
# Spanish
(dar(me|nos)?|den?me|dé[nm]?me|dennos|dame) de baja
(elim[ií]n\w*|b[oó]rr\w*|qu[ií]t\w*|s[aá]qu\w*|ret[ií]r\w*)(me|nos)\b
(elimin\w+|borr\w+|quit\w+) (mi|mis|nuestro)\b
no (quiero|deseo) (recibir|más|seguir)|no (me |nos )(escrib|env[ií]|contact|mand)\w*
(dejen?|deja|paren?|cesen) de (env|escrib|mand|contact|molest)\w*
no más (correos|mensajes|e-?mails?)|cancelar (mi|la) suscripci
# Italian
(cancell|rimuov|elimin|toglie|toglii?|disiscriv)\w*(mi|ci|temi|teci|tevi)\b
(cancell|rimuov|elimin)\w* (il mio|la mia|i miei|il nostro)
non (voglio|desidero|intendo) (più )?(ricevere|essere)
non (mi |ci )?(scriv|contatt|invi|mand)\w*( \S+){0,3} più
non (scrivetemi|contattatemi|inviatemi|mandatemi)
(smett|basta)\w*( \S+){0,2} (di|con) (scriv|invi|mand|contatt|quest)
# Portuguese
(remov|descadastr|retir|exclu|tir)\w*-?(me|-me|nos|o meu|meu|minha)\b
(me|favor) (remov|descadastr|retir|exclu|tir)\w*
não (quero|desejo) (mais )?(receber|ser)
não (me )?(escrev|envi|mand|contact|contat)\w*( \S+){0,3} mais
(parem?|deixem?) de (me )?(envi|escrev|mand|contact|contat)\w*
# Dutch
(uitschrijven|afmelden|uitgeschreven)\b|(schrijf|meld) (mij|me|ons)\b.{0,30}(uit|af)\b
(verwijder|haal) (mij|me|ons|mijn)\b
(geen|niet) (meer )?(e-?mails?|mails?|berichten|contact|post) (meer |ontvangen
    |sturen|opnemen|willen)
wil (ik )?geen\b.{0,30}(mail|berich)
(stop|stoppen) met (mailen|sturen|schrijven|contact)
niet meer (mailen|schrijven|benaderen|contacteren)
# Polish
(wypisz|wypisać|wypisanie|wypiszcie)\b|(proszę|prosimy) (mnie|nas) (wypis|usu)\w+
(usuń|usunąć|usuńcie|usunięcie|skreśl\w*) (mnie|mój|moj\w+|nas|z (listy|bazy))
(proszę|prosimy)\b.{0,30}(usun|wypis|usuń)\w*
nie (chcę|życzę|życzymy)\b.{0,30}(otrzym|dostaw|wiadomo|mail|kontakt)\w*
(proszę |prosimy )?(więcej )?nie (pisz|pisać|wysył|kontakt)\w*( \S+){0,3} (więcej
    |do mnie)
(proszę|przestań\w*) (przestać |nie )?(wysyłać|pisać|kontaktować)
(rezygnuję|wycofuję zgodę)
"""
)
_EDGES = re.compile(r"\A\W+|(?<=\w)\W+\Z")
_SENTENCE = re.compile(r"[.!?。！？;\n]+")
_PLAIN = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'", "ё": "ё", "\xa0": " "})


def asks_to_leave(answer: str) -> bool:
    """Tell whether somebody asks, in their own words, not to be written to again."""
    text = answer[:MAX_TEXT].lower().translate(_PLAIN)
    if ALONE.fullmatch(_EDGES.sub("", text)):
        return True
    sentences = (one.strip() for one in _SENTENCE.split(text))
    return any(_asks(" ".join(one.split())) for one in sentences if one)


def _asks(sentence: str) -> bool:
    # What is denied is cut out, so that "I don't want to stop, remove me" still asks.
    return bool(
        LEAVE.search(STAY.sub(" ", sentence))
        or ALONE.fullmatch(_EDGES.sub("", sentence))
    )
