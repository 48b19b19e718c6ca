"""Which time zone a country keeps, and its parts where one country keeps several.

Data only, read by ``rules/places``. ``ONE_ZONE``: countries (ISO 3166-1 alpha-2) whose
clocks have agreed since 2025 everywhere, by the first of their zones in ``zone.tab`` of
the IANA time zone database 2026 (in the public domain). ``PARTS``: the others, by ISO
3166-2 code without the country, and names: a part that keeps two clocks stands under
the one that most of its people live by. ``MOSTLY``: where nine in ten people live in
one zone, the answer for a part that is not named below.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# A later name or an everyday one for the same country.
ALSO: Final[Mapping[str, str]] = {"UK": "GB", "EL": "GR"}

ONE_ZONE: Final = """
AD=Europe/Andorra AE=Asia/Dubai AF=Asia/Kabul AG=America/Antigua AI=America/Anguilla
AL=Europe/Tirane AM=Asia/Yerevan AO=Africa/Luanda AR=America/Argentina/Buenos_Aires
AS=Pacific/Pago_Pago AT=Europe/Vienna AW=America/Aruba AX=Europe/Mariehamn
AZ=Asia/Baku BA=Europe/Sarajevo BB=America/Barbados BD=Asia/Dhaka BE=Europe/Brussels
BF=Africa/Ouagadougou BG=Europe/Sofia BH=Asia/Bahrain BI=Africa/Bujumbura
BJ=Africa/Porto-Novo BL=America/St_Barthelemy BM=Atlantic/Bermuda BN=Asia/Brunei
BO=America/La_Paz BQ=America/Kralendijk BS=America/Nassau BT=Asia/Thimphu
BW=Africa/Gaborone BY=Europe/Minsk BZ=America/Belize CC=Indian/Cocos CF=Africa/Bangui
CG=Africa/Brazzaville CH=Europe/Zurich CI=Africa/Abidjan CK=Pacific/Rarotonga
CM=Africa/Douala CO=America/Bogota CR=America/Costa_Rica CU=America/Havana
CV=Atlantic/Cape_Verde CW=America/Curacao CX=Indian/Christmas CY=Asia/Nicosia
CZ=Europe/Prague DE=Europe/Berlin DJ=Africa/Djibouti DK=Europe/Copenhagen
DM=America/Dominica DO=America/Santo_Domingo DZ=Africa/Algiers EE=Europe/Tallinn
EG=Africa/Cairo EH=Africa/El_Aaiun ER=Africa/Asmara ET=Africa/Addis_Ababa
FI=Europe/Helsinki FJ=Pacific/Fiji FK=Atlantic/Stanley FO=Atlantic/Faroe
FR=Europe/Paris GA=Africa/Libreville GB=Europe/London GD=America/Grenada
GE=Asia/Tbilisi GF=America/Cayenne GG=Europe/Guernsey GH=Africa/Accra
GI=Europe/Gibraltar GM=Africa/Banjul GN=Africa/Conakry GP=America/Guadeloupe
GQ=Africa/Malabo GR=Europe/Athens GS=Atlantic/South_Georgia GT=America/Guatemala
GU=Pacific/Guam GW=Africa/Bissau GY=America/Guyana HK=Asia/Hong_Kong
HN=America/Tegucigalpa HR=Europe/Zagreb HT=America/Port-au-Prince HU=Europe/Budapest
IE=Europe/Dublin IL=Asia/Jerusalem IM=Europe/Isle_of_Man IN=Asia/Kolkata
IO=Indian/Chagos IQ=Asia/Baghdad IR=Asia/Tehran IS=Atlantic/Reykjavik IT=Europe/Rome
JE=Europe/Jersey JM=America/Jamaica JO=Asia/Amman JP=Asia/Tokyo KE=Africa/Nairobi
KG=Asia/Bishkek KH=Asia/Phnom_Penh KM=Indian/Comoro KN=America/St_Kitts
KP=Asia/Pyongyang KR=Asia/Seoul KW=Asia/Kuwait KY=America/Cayman KZ=Asia/Almaty
LA=Asia/Vientiane LB=Asia/Beirut LC=America/St_Lucia LI=Europe/Vaduz LK=Asia/Colombo
LR=Africa/Monrovia LS=Africa/Maseru LT=Europe/Vilnius LU=Europe/Luxembourg
LV=Europe/Riga LY=Africa/Tripoli MA=Africa/Casablanca MC=Europe/Monaco
MD=Europe/Chisinau ME=Europe/Podgorica MF=America/Marigot MG=Indian/Antananarivo
MH=Pacific/Majuro MK=Europe/Skopje ML=Africa/Bamako MM=Asia/Yangon MO=Asia/Macau
MP=Pacific/Saipan MQ=America/Martinique MR=Africa/Nouakchott MS=America/Montserrat
MT=Europe/Malta MU=Indian/Mauritius MV=Indian/Maldives MW=Africa/Blantyre
MY=Asia/Kuala_Lumpur MZ=Africa/Maputo NA=Africa/Windhoek NC=Pacific/Noumea
NE=Africa/Niamey NF=Pacific/Norfolk NG=Africa/Lagos NI=America/Managua
NL=Europe/Amsterdam NO=Europe/Oslo NP=Asia/Kathmandu NR=Pacific/Nauru NU=Pacific/Niue
OM=Asia/Muscat PA=America/Panama PE=America/Lima PH=Asia/Manila PK=Asia/Karachi
PL=Europe/Warsaw PM=America/Miquelon PN=Pacific/Pitcairn PR=America/Puerto_Rico
PS=Asia/Hebron PW=Pacific/Palau PY=America/Asuncion QA=Asia/Qatar RE=Indian/Reunion
RO=Europe/Bucharest RS=Europe/Belgrade RW=Africa/Kigali SA=Asia/Riyadh
SB=Pacific/Guadalcanal SC=Indian/Mahe SD=Africa/Khartoum SE=Europe/Stockholm
SG=Asia/Singapore SH=Atlantic/St_Helena SI=Europe/Ljubljana SJ=Arctic/Longyearbyen
SK=Europe/Bratislava SL=Africa/Freetown SM=Europe/San_Marino SN=Africa/Dakar
SO=Africa/Mogadishu SR=America/Paramaribo SS=Africa/Juba ST=Africa/Sao_Tome
SV=America/El_Salvador SX=America/Lower_Princes SY=Asia/Damascus SZ=Africa/Mbabane
TC=America/Grand_Turk TD=Africa/Ndjamena TF=Indian/Kerguelen TG=Africa/Lome
TH=Asia/Bangkok TJ=Asia/Dushanbe TK=Pacific/Fakaofo TL=Asia/Dili TM=Asia/Ashgabat
TN=Africa/Tunis TO=Pacific/Tongatapu TR=Europe/Istanbul TT=America/Port_of_Spain
TV=Pacific/Funafuti TW=Asia/Taipei TZ=Africa/Dar_es_Salaam UG=Africa/Kampala
UY=America/Montevideo UZ=Asia/Samarkand VA=Europe/Vatican VC=America/St_Vincent
VE=America/Caracas VG=America/Tortola VI=America/St_Thomas VN=Asia/Ho_Chi_Minh
VU=Pacific/Efate WF=Pacific/Wallis WS=Pacific/Apia YE=Asia/Aden YT=Indian/Mayotte
ZA=Africa/Johannesburg ZM=Africa/Lusaka ZW=Africa/Harare
"""

MOSTLY: Final[Mapping[str, str]] = {
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "GL": "America/Nuuk",
    "KI": "Pacific/Tarawa",
    "MN": "Asia/Ulaanbaatar",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PT": "Europe/Lisbon",
    "UA": "Europe/Kyiv",
}

# A line is a zone and its parts: CODE Name/Other name, CODE Name.
PARTS: Final[Mapping[str, str]] = {
    "AU": """
Australia/Sydney: NSW New South Wales, ACT Australian Capital Territory
Australia/Melbourne: VIC Victoria
Australia/Brisbane: QLD Queensland
Australia/Adelaide: SA South Australia
Australia/Perth: WA Western Australia
Australia/Hobart: TAS Tasmania
Australia/Darwin: NT Northern Territory
""",
    "BR": """
America/Sao_Paulo: DF Distrito Federal, ES Espirito Santo, GO Goias, MG Minas Gerais
America/Sao_Paulo: PR Parana, RJ Rio de Janeiro, RS Rio Grande do Sul, SC Santa Catarina
America/Sao_Paulo: SP Sao Paulo
America/Bahia: BA Bahia
America/Maceio: AL Alagoas, SE Sergipe
America/Recife: PE Pernambuco
America/Fortaleza: CE Ceara, MA Maranhao, PB Paraiba, PI Piaui, RN Rio Grande do Norte
America/Belem: AP Amapa, PA Para
America/Araguaina: TO Tocantins
America/Campo_Grande: MS Mato Grosso do Sul
America/Cuiaba: MT Mato Grosso
America/Porto_Velho: RO Rondonia
America/Boa_Vista: RR Roraima
America/Manaus: AM Amazonas
America/Rio_Branco: AC Acre
""",
    "CA": """
America/Vancouver: BC British Columbia
America/Whitehorse: YT Yukon
America/Edmonton: AB Alberta, NT Northwest Territories
America/Regina: SK Saskatchewan
America/Winnipeg: MB Manitoba
America/Toronto: ON Ontario, QC Quebec
America/Iqaluit: NU Nunavut
America/Moncton: NB New Brunswick
America/Halifax: NS Nova Scotia, PE Prince Edward Island
America/St_Johns: NL Newfoundland and Labrador/Newfoundland
""",
    "CD": """
Africa/Kinshasa: KN Kinshasa, BC Kongo Central/Bas-Congo, EQ Equateur, KG Kwango
Africa/Kinshasa: KL Kwilu, MN Mai-Ndombe, MO Mongala, NU Nord-Ubangi, SU Sud-Ubangi
Africa/Kinshasa: TU Tshuapa
Africa/Lubumbashi: BU Bas-Uele, HK Haut-Katanga, HL Haut-Lomami, HU Haut-Uele, IT Ituri
Africa/Lubumbashi: KC Kasai Central, KE Kasai Oriental, KS Kasai, LO Lomami, LU Lualaba
Africa/Lubumbashi: MA Maniema, NK Nord-Kivu, SA Sankuru, SK Sud-Kivu, TA Tanganyika
Africa/Lubumbashi: TO Tshopo
""",
    "CL": """
America/Coyhaique: AI Aysen
America/Punta_Arenas: MA Magallanes/Magallanes y de la Antartica Chilena
Pacific/Easter: EASTER Easter Island/Isla de Pascua/Rapa Nui
""",
    "EC": """
Pacific/Galapagos: W Galapagos/Galapagos Islands
""",
    "ES": """
Atlantic/Canary: CN Canarias/Canary Islands/Islas Canarias
Atlantic/Canary: GC Las Palmas/Gran Canaria, TF Santa Cruz de Tenerife/Tenerife
""",
    "FM": """
Pacific/Chuuk: TRK Chuuk/Truk, YAP Yap
Pacific/Pohnpei: PNI Pohnpei
Pacific/Kosrae: KSA Kosrae
""",
    "ID": """
Asia/Jakarta: AC Aceh, BB Kepulauan Bangka Belitung/Bangka Belitung, BE Bengkulu
Asia/Jakarta: BT Banten, JA Jambi, JB Jawa Barat/West Java, JI Jawa Timur/East Java
Asia/Jakarta: JK Jakarta/Jakarta Raya/DKI Jakarta, JT Jawa Tengah/Central Java
Asia/Jakarta: KR Kepulauan Riau/Riau Islands, LA Lampung, RI Riau
Asia/Jakarta: SB Sumatera Barat/West Sumatra, SS Sumatera Selatan/South Sumatra
Asia/Jakarta: SU Sumatera Utara/North Sumatra, YO Yogyakarta/DI Yogyakarta
Asia/Pontianak: KB Kalimantan Barat/West Kalimantan
Asia/Pontianak: KT Kalimantan Tengah/Central Kalimantan
Asia/Makassar: BA Bali, GO Gorontalo, KI Kalimantan Timur/East Kalimantan
Asia/Makassar: KS Kalimantan Selatan/South Kalimantan
Asia/Makassar: KU Kalimantan Utara/North Kalimantan
Asia/Makassar: NB Nusa Tenggara Barat/West Nusa Tenggara
Asia/Makassar: NT Nusa Tenggara Timur/East Nusa Tenggara
Asia/Makassar: SA Sulawesi Utara/North Sulawesi, SG Sulawesi Tenggara/Southeast Sulawesi
Asia/Makassar: SN Sulawesi Selatan/South Sulawesi, SR Sulawesi Barat/West Sulawesi
Asia/Makassar: ST Sulawesi Tengah/Central Sulawesi
Asia/Jayapura: MA Maluku, MU Maluku Utara/North Maluku, PA Papua
Asia/Jayapura: PB Papua Barat/West Papua, PD Papua Barat Daya/Southwest Papua
Asia/Jayapura: PE Papua Pegunungan/Highland Papua, PS Papua Selatan/South Papua
Asia/Jayapura: PT Papua Tengah/Central Papua
""",
    "KI": """
Pacific/Kiritimati: L Line Islands
Pacific/Kanton: P Phoenix Islands
""",
    "MN": """
Asia/Hovd: 043 Khovd/Hovd, 046 Uvs, 071 Bayan-Olgii/Bayan-Ulgii
""",
    "MX": """
America/Mexico_City: AGU Aguascalientes, CHP Chiapas, COL Colima, GRO Guerrero
America/Mexico_City: CMX Ciudad de Mexico/Mexico City/CDMX/Distrito Federal/DIF
America/Mexico_City: GUA Guanajuato, HID Hidalgo, JAL Jalisco, MOR Morelos, OAX Oaxaca
America/Mexico_City: MEX Mexico/Estado de Mexico, MIC Michoacan/Michoacan de Ocampo
America/Mexico_City: PUE Puebla, QUE Queretaro, SLP San Luis Potosi, TAB Tabasco
America/Mexico_City: TLA Tlaxcala, VER Veracruz/Veracruz de Ignacio de la Llave
America/Mexico_City: ZAC Zacatecas
America/Merida: CAM Campeche, YUC Yucatan
America/Monterrey: COA Coahuila/Coahuila de Zaragoza, DUR Durango, NLE Nuevo Leon
America/Monterrey: TAM Tamaulipas
America/Cancun: ROO Quintana Roo
America/Chihuahua: CHH Chihuahua
America/Mazatlan: BCS Baja California Sur, NAY Nayarit, SIN Sinaloa
America/Hermosillo: SON Sonora
America/Tijuana: BCN Baja California/Baja California Norte
""",
    "NZ": """
Pacific/Chatham: CIT Chatham Islands Territory/Chatham Islands
""",
    "PF": """
Pacific/Marquesas: MARQUESAS Marquesas Islands/Iles Marquises
Pacific/Gambier: GAMBIER Gambier Islands/Iles Gambier
""",
    "PG": """
Pacific/Bougainville: NSB Bougainville/Autonomous Region of Bougainville
""",
    "PT": """
Atlantic/Azores: 20 Acores/Azores/Regiao Autonoma dos Acores
Atlantic/Madeira: 30 Madeira/Regiao Autonoma da Madeira
""",
    "RU": """
Europe/Kaliningrad: KGD Kaliningrad/Калининград
Europe/Moscow: MOW Moscow/Moskva/Москва, MOS Moscow Oblast/Moskovskaya/Московская
Europe/Moscow: SPE Saint Petersburg/St. Petersburg/Sankt-Peterburg/Санкт-Петербург
Europe/Moscow: LEN Leningrad/Leningradskaya/Ленинградская, AD Adygea/Адыгея
Europe/Moscow: ARK Arkhangelsk/Архангельская, BEL Belgorod/Белгородская
Europe/Moscow: BRY Bryansk/Брянская, CE Chechnya/Chechen/Чеченская
Europe/Moscow: CU Chuvashia/Чувашская
Europe/Moscow: DA Dagestan/Дагестан, IN Ingushetia/Ингушетия, IVA Ivanovo/Ивановская
Europe/Moscow: KB Kabardino-Balkaria/Кабардино-Балкарская, KC Karachay-Cherkessia
Europe/Moscow: KDA Krasnodar/Краснодарский, KL Kalmykia/Калмыкия, KLU Kaluga/Калужская
Europe/Moscow: KO Komi/Коми, KOS Kostroma/Костромская, KR Karelia/Карелия
Europe/Moscow: KRS Kursk/Курская, LIP Lipetsk/Липецкая, ME Mari El/Марий Эл
Europe/Moscow: MO Mordovia/Мордовия, MUR Murmansk/Мурманская, NEN Nenets/Ненецкий
Europe/Moscow: NGR Novgorod/Новгородская, NIZ Nizhny Novgorod/Нижегородская
Europe/Moscow: ORL Oryol/Orel/Орловская, PNZ Penza/Пензенская, PSK Pskov/Псковская
Europe/Moscow: ROS Rostov/Ростовская, RYA Ryazan/Рязанская
Europe/Moscow: SE North Ossetia/North Ossetia-Alania, SMO Smolensk/Смоленская
Europe/Moscow: STA Stavropol/Ставропольский, TA Tatarstan/Татарстан
Europe/Moscow: TAM Tambov/Тамбовская
Europe/Moscow: TUL Tula/Тульская, TVE Tver/Тверская, VLA Vladimir/Владимирская
Europe/Moscow: VLG Vologda/Вологодская, VOR Voronezh/Воронежская
Europe/Moscow: YAR Yaroslavl/Ярославская
Europe/Kirov: KIR Kirov/Кировская
Europe/Volgograd: VGG Volgograd/Волгоградская
Europe/Astrakhan: AST Astrakhan/Астраханская
Europe/Samara: SAM Samara/Самарская, UD Udmurtia/Удмуртская
Europe/Saratov: SAR Saratov/Саратовская
Europe/Ulyanovsk: ULY Ulyanovsk/Ульяновская
Asia/Yekaterinburg: BA Bashkortostan/Башкортостан, CHE Chelyabinsk/Челябинская
Asia/Yekaterinburg: KGN Kurgan/Курганская, KHM Khanty-Mansi/Ханты-Мансийский
Asia/Yekaterinburg: ORE Orenburg/Оренбургская, PER Perm/Пермский
Asia/Yekaterinburg: SVE Sverdlovsk/Свердловская, TYU Tyumen/Тюменская
Asia/Yekaterinburg: YAN Yamalo-Nenets/Ямало-Ненецкий
Asia/Omsk: OMS Omsk/Омская
Asia/Novosibirsk: NVS Novosibirsk/Новосибирская
Asia/Barnaul: AL Altai Republic/Алтай, ALT Altai Krai/Алтайский
Asia/Tomsk: TOM Tomsk/Томская
Asia/Novokuznetsk: KEM Kemerovo/Кемеровская
Asia/Krasnoyarsk: KK Khakassia/Хакасия, KYA Krasnoyarsk/Красноярский, TY Tuva/Тыва
Asia/Irkutsk: BU Buryatia/Бурятия, IRK Irkutsk/Иркутская
Asia/Chita: ZAB Zabaykalsky/Забайкальский
Asia/Yakutsk: AMU Amur/Амурская, SA Sakha/Yakutia/Якутия
Asia/Vladivostok: KHA Khabarovsk/Хабаровский, PRI Primorsky/Primorye/Приморский
Asia/Vladivostok: YEV Jewish/Еврейская
Asia/Magadan: MAG Magadan/Магаданская
Asia/Sakhalin: SAK Sakhalin/Сахалинская
Asia/Kamchatka: KAM Kamchatka/Камчатский
Asia/Anadyr: CHU Chukotka/Чукотский
""",
    "UA": """
Europe/Simferopol: 43 Crimea, 40 Sevastopol
""",
    "US": """
America/New_York: CT Connecticut, DC District of Columbia/Washington DC, DE Delaware
America/New_York: FL Florida, GA Georgia, MA Massachusetts, MD Maryland, ME Maine
America/New_York: NC North Carolina, NH New Hampshire, NJ New Jersey, NY New York
America/New_York: OH Ohio
America/New_York: PA Pennsylvania, RI Rhode Island, SC South Carolina, VA Virginia
America/New_York: VT Vermont, WV West Virginia
America/Detroit: MI Michigan
America/Indiana/Indianapolis: IN Indiana
America/Kentucky/Louisville: KY Kentucky
America/Chicago: AL Alabama, AR Arkansas, IA Iowa, IL Illinois, KS Kansas, LA Louisiana
America/Chicago: MN Minnesota, MO Missouri, MS Mississippi, ND North Dakota, NE Nebraska
America/Chicago: OK Oklahoma, SD South Dakota, TN Tennessee, TX Texas, WI Wisconsin
America/Denver: CO Colorado, MT Montana, NM New Mexico, UT Utah, WY Wyoming
America/Boise: ID Idaho
America/Phoenix: AZ Arizona
America/Los_Angeles: CA California, NV Nevada, OR Oregon
America/Los_Angeles: WA Washington/Washington State
America/Anchorage: AK Alaska
Pacific/Honolulu: HI Hawaii
Pacific/Pago_Pago: AS American Samoa
Pacific/Guam: GU Guam
Pacific/Saipan: MP Northern Mariana Islands
America/Puerto_Rico: PR Puerto Rico
America/St_Thomas: VI Virgin Islands/US Virgin Islands
""",
}
