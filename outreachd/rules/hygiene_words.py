"""The words of hygiene: names of functions before the @, and free-mail domains.

Data only. A role name is written without dots, hyphens and underscores, lower case.
Sources: RFC 2142 for the first line; the usual names in the languages that senders meet
(English, German, French, Spanish, Italian, Dutch, Polish, Portuguese, Russian); the
providers' own sign-up pages for the domains.
"""

from __future__ import annotations

_ROLE_NAMES = """
info marketing sales support abuse noc security postmaster hostmaster usenet news
webmaster www uucp ftp root admin administrator sysadmin it itsupport helpdesk help
service services customerservice customercare customersupport care feedback enquiries
enquiry inquiries inquiry contact contactus hello hi hey mail email office post inbox
team all everyone everybody staff company group
billing accounts accounting accountspayable payable invoice invoices finance orders
order purchasing procurement payments payroll booking bookings reservations reception
jobs job careers career recruiting recruitment hr humanresources press media pr
editor editorial newsletter subscribe unsubscribe list lists noreply donotreply
nobody mailerdaemon daemon bounce bounces spam complaints privacy dataprotection gdpr
dpo legal compliance dns ssladmin certadmin test testing dev developers partners
partner partnership partnerships events shop store webshop web website returns
shipping logistics warehouse management board ceo cfo cto director secretary
kontakt buero büro anfrage anfragen verwaltung vertrieb verkauf einkauf buchhaltung
rechnung rechnungen bestellung bestellungen bewerbung bewerbungen personal
geschaeftsfuehrung geschaeftsleitung sekretariat zentrale empfang presse datenschutz
poststelle kundendienst kundenservice werbung redaktion
contactez accueil commercial commande commandes compta comptabilite direction
secretariat recrutement ventes serviceclient rh
contacto informacion ventas soporte compras administracion facturacion pedidos
atencioncliente recursoshumanos
informazioni vendite acquisti amministrazione ordini assistenza segreteria
informatie verkoop inkoop administratie klantenservice
biuro sprzedaz zamowienia ksiegowosc sekretariat rekrutacja
contato vendas suporte financeiro comercial faleconosco
zakaz otdel buh buhgalteria sekretar priemnaya ofis pochta opt
инфо почта офис продажи заказ заказы бухгалтерия приемная секретарь поддержка
отделпродаж отделкадров
"""
_FREE_DOMAINS = """
gmail.com googlemail.com
outlook.com outlook.de outlook.fr outlook.es outlook.it hotmail.com hotmail.co.uk
hotmail.de hotmail.fr hotmail.es hotmail.it hotmail.nl hotmail.be hotmail.ca
live.com live.co.uk live.de live.fr live.it live.nl live.ca msn.com passport.com
yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.es yahoo.it yahoo.ca yahoo.co.in
yahoo.in yahoo.com.br yahoo.com.au yahoo.com.mx yahoo.com.ar yahoo.co.jp yahoo.pl
yahoo.ro yahoo.gr ymail.com rocketmail.com myyahoo.com
aol.com aol.de aol.co.uk aim.com verizon.net
icloud.com me.com mac.com
proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.io tuta.com
tutamail.com keemail.me hushmail.com fastmail.com fastmail.fm zoho.com zohomail.com
mail.com email.com usa.com post.com europe.com consultant.com engineer.com
gmx.de gmx.net gmx.at gmx.ch gmx.com gmx.co.uk gmx.fr web.de t-online.de freenet.de
arcor.de posteo.de mailbox.org mail.de online.de vodafone.de 1und1.de kabelmail.de
bluewin.ch hispeed.ch sunrise.ch aon.at chello.at
orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr voila.fr
numericable.fr
libero.it virgilio.it tin.it alice.it tiscali.it inwind.it iol.it email.it
terra.es telefonica.net ono.com sapo.pt
ziggo.nl kpnmail.nl planet.nl xs4all.nl home.nl hetnet.nl telenet.be skynet.be
wp.pl o2.pl onet.pl op.pl interia.pl interia.eu poczta.onet.pl gazeta.pl tlen.pl
seznam.cz email.cz centrum.cz post.cz volny.cz azet.sk centrum.sk zoznam.sk
freemail.hu citromail.hu abv.bg mail.bg
btinternet.com sky.com talktalk.net virginmedia.com ntlworld.com blueyonder.co.uk
comcast.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net
optonline.net juno.com netzero.net rogers.com shaw.ca sympatico.ca telus.net
bigpond.com optusnet.com.au xtra.co.nz
mail.ru bk.ru list.ru inbox.ru internet.ru yandex.ru ya.ru yandex.com yandex.by
yandex.kz yandex.ua rambler.ru lenta.ru ro.ru autorambler.ru myrambler.ru
ukr.net i.ua meta.ua bigmir.net tut.by
qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com aliyun.com
139.com 189.cn naver.com hanmail.net daum.net nate.com
rediffmail.com uol.com.br bol.com.br terra.com.br ig.com.br globo.com globomail.com
r7.com prodigy.net.mx walla.com walla.co.il online.no hotmail.no telia.com spray.se
hotmail.se live.se hotmail.dk live.dk mail.dk jubii.dk hotmail.fi luukku.com
suomi24.fi
"""

ROLE_NAMES = frozenset(_ROLE_NAMES.split())
FREE_DOMAINS = frozenset(_FREE_DOMAINS.split())
