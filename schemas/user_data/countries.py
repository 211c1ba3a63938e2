"""Names and codes of countries, read into ISO 3166-1 alpha-2.

In: what an address calls its country. Out: the two-letter code, or nothing.
Codes are those of ISO 3166-1; the English names follow the IANA time zone database's `iso3166.tab` (public
domain), plus the everyday and native names that checkouts write. A closed table on purpose: the only name list
of a library at hand takes half a second to import.
"""

from typing import Final

_ALPHA_3: Final = """
AD:AND AE:ARE AF:AFG AG:ATG AI:AIA AL:ALB AM:ARM AO:AGO AQ:ATA AR:ARG AS:ASM AT:AUT AU:AUS AW:ABW AX:ALA
AZ:AZE BA:BIH BB:BRB BD:BGD BE:BEL BF:BFA BG:BGR BH:BHR BI:BDI BJ:BEN BL:BLM BM:BMU BN:BRN BO:BOL BQ:BES
BR:BRA BS:BHS BT:BTN BV:BVT BW:BWA BY:BLR BZ:BLZ CA:CAN CC:CCK CD:COD CF:CAF CG:COG CH:CHE CI:CIV CK:COK
CL:CHL CM:CMR CN:CHN CO:COL CR:CRI CU:CUB CV:CPV CW:CUW CX:CXR CY:CYP CZ:CZE DE:DEU DJ:DJI DK:DNK DM:DMA
DO:DOM DZ:DZA EC:ECU EE:EST EG:EGY EH:ESH ER:ERI ES:ESP ET:ETH FI:FIN FJ:FJI FK:FLK FM:FSM FO:FRO FR:FRA
GA:GAB GB:GBR GD:GRD GE:GEO GF:GUF GG:GGY GH:GHA GI:GIB GL:GRL GM:GMB GN:GIN GP:GLP GQ:GNQ GR:GRC GS:SGS
GT:GTM GU:GUM GW:GNB GY:GUY HK:HKG HM:HMD HN:HND HR:HRV HT:HTI HU:HUN ID:IDN IE:IRL IL:ISR IM:IMN IN:IND
IO:IOT IQ:IRQ IR:IRN IS:ISL IT:ITA JE:JEY JM:JAM JO:JOR JP:JPN KE:KEN KG:KGZ KH:KHM KI:KIR KM:COM KN:KNA
KP:PRK KR:KOR KW:KWT KY:CYM KZ:KAZ LA:LAO LB:LBN LC:LCA LI:LIE LK:LKA LR:LBR LS:LSO LT:LTU LU:LUX LV:LVA
LY:LBY MA:MAR MC:MCO MD:MDA ME:MNE MF:MAF MG:MDG MH:MHL MK:MKD ML:MLI MM:MMR MN:MNG MO:MAC MP:MNP MQ:MTQ
MR:MRT MS:MSR MT:MLT MU:MUS MV:MDV MW:MWI MX:MEX MY:MYS MZ:MOZ NA:NAM NC:NCL NE:NER NF:NFK NG:NGA NI:NIC
NL:NLD NO:NOR NP:NPL NR:NRU NU:NIU NZ:NZL OM:OMN PA:PAN PE:PER PF:PYF PG:PNG PH:PHL PK:PAK PL:POL PM:SPM
PN:PCN PR:PRI PS:PSE PT:PRT PW:PLW PY:PRY QA:QAT RE:REU RO:ROU RS:SRB RU:RUS RW:RWA SA:SAU SB:SLB SC:SYC
SD:SDN SE:SWE SG:SGP SH:SHN SI:SVN SJ:SJM SK:SVK SL:SLE SM:SMR SN:SEN SO:SOM SR:SUR SS:SSD ST:STP SV:SLV
SX:SXM SY:SYR SZ:SWZ TC:TCA TD:TCD TF:ATF TG:TGO TH:THA TJ:TJK TK:TKL TL:TLS TM:TKM TN:TUN TO:TON TR:TUR
TT:TTO TV:TUV TW:TWN TZ:TZA UA:UKR UG:UGA UM:UMI US:USA UY:URY UZ:UZB VA:VAT VC:VCT VE:VEN VG:VGB VI:VIR
VN:VNM VU:VUT WF:WLF WS:WSM YE:YEM YT:MYT ZA:ZAF ZM:ZMB ZW:ZWE
"""

_NAMES: Final = """
AD Andorra; AE United Arab Emirates; AE UAE; AF Afghanistan; AG Antigua and Barbuda; AI Anguilla; AL
Albania; AM Armenia; AO Angola; AQ Antarctica; AR Argentina; AS American Samoa; AT Austria; AT Österreich;
AU Australia; AW Aruba; AX Åland Islands; AX Aland Islands; AZ Azerbaijan; BA Bosnia and Herzegovina; BB
Barbados; BD Bangladesh; BE Belgium; BE België; BE Belgique; BF Burkina Faso; BG Bulgaria; BH Bahrain; BI
Burundi; BJ Benin; BL St Barthelemy; BL Saint Barthélemy; BM Bermuda; BN Brunei; BN Brunei Darussalam; BO
Bolivia; BQ Caribbean Netherlands; BR Brazil; BR Brasil; BS Bahamas; BS The Bahamas; BT Bhutan; BV Bouvet
Island; BW Botswana; BY Belarus; BZ Belize; CA Canada; CC Cocos Islands; CC Keeling Islands; CD Democratic
Republic of the Congo; CD DR Congo; CF Central African Republic; CG Republic of the Congo; CH Switzerland;
CH Schweiz; CH Suisse; CI Côte d'Ivoire; CI Cote d'Ivoire; CI Ivory Coast; CK Cook Islands; CL Chile; CM
Cameroon; CN China; CO Colombia; CR Costa Rica; CU Cuba; CV Cape Verde; CV Cabo Verde; CW Curaçao; CW
Curacao; CX Christmas Island; CY Cyprus; CZ Czech Republic; CZ Czechia; DE Germany; DE Deutschland; DJ
Djibouti; DK Denmark; DK Danmark; DM Dominica; DO Dominican Republic; DZ Algeria; EC Ecuador; EE Estonia;
EG Egypt; EH Western Sahara; ER Eritrea; ES Spain; ES España; ET Ethiopia; FI Finland; FI Suomi; FJ Fiji;
FK Falkland Islands; FM Micronesia; FO Faroe Islands; FR France; GA Gabon; GB United Kingdom; GB UK; GB
Great Britain; GB Britain; GB England; GB Scotland; GB Wales; GB Northern Ireland; GD Grenada; GE Georgia;
GF French Guiana; GG Guernsey; GH Ghana; GI Gibraltar; GL Greenland; GM Gambia; GM The Gambia; GN Guinea;
GP Guadeloupe; GQ Equatorial Guinea; GR Greece; GS South Georgia and the South Sandwich Islands; GT
Guatemala; GU Guam; GW Guinea-Bissau; GY Guyana; HK Hong Kong; HM Heard Island and McDonald Islands; HN
Honduras; HR Croatia; HT Haiti; HU Hungary; ID Indonesia; IE Ireland; IL Israel; IM Isle of Man; IN India;
IO British Indian Ocean Territory; IQ Iraq; IR Iran; IS Iceland; IT Italy; IT Italia; JE Jersey; JM
Jamaica; JO Jordan; JP Japan; KE Kenya; KG Kyrgyzstan; KH Cambodia; KI Kiribati; KM Comoros; KN St Kitts
and Nevis; KN Saint Kitts and Nevis; KP North Korea; KR South Korea; KR Republic of Korea; KR Korea; KW
Kuwait; KY Cayman Islands; KZ Kazakhstan; LA Laos; LB Lebanon; LC St Lucia; LC Saint Lucia; LI
Liechtenstein; LK Sri Lanka; LR Liberia; LS Lesotho; LT Lithuania; LU Luxembourg; LV Latvia; LY Libya; MA
Morocco; MC Monaco; MD Moldova; MD Republic of Moldova; ME Montenegro; MF Saint Martin; MG Madagascar; MH
Marshall Islands; MK North Macedonia; MK Macedonia; ML Mali; MM Myanmar; MM Burma; MN Mongolia; MO Macau;
MO Macao; MP Northern Mariana Islands; MQ Martinique; MR Mauritania; MS Montserrat; MT Malta; MU
Mauritius; MV Maldives; MW Malawi; MX Mexico; MX México; MY Malaysia; MZ Mozambique; NA Namibia; NC New
Caledonia; NE Niger; NF Norfolk Island; NG Nigeria; NI Nicaragua; NL Netherlands; NL The Netherlands; NL
Nederland; NL Holland; NO Norway; NO Norge; NP Nepal; NR Nauru; NU Niue; NZ New Zealand; OM Oman; PA
Panama; PE Peru; PF French Polynesia; PG Papua New Guinea; PH Philippines; PK Pakistan; PL Poland; PL
Polska; PM St Pierre and Miquelon; PM Saint Pierre and Miquelon; PN Pitcairn; PR Puerto Rico; PS
Palestine; PS State of Palestine; PT Portugal; PW Palau; PY Paraguay; QA Qatar; RE Réunion; RE Reunion; RO
Romania; RS Serbia; RU Russia; RU Russian Federation; RW Rwanda; SA Saudi Arabia; SB Solomon Islands; SC
Seychelles; SD Sudan; SE Sweden; SE Sverige; SG Singapore; SH St Helena; SH Saint Helena; SI Slovenia; SJ
Svalbard and Jan Mayen; SK Slovakia; SL Sierra Leone; SM San Marino; SN Senegal; SO Somalia; SR Suriname;
SS South Sudan; ST Sao Tome and Principe; ST São Tomé and Príncipe; SV El Salvador; SX Sint Maarten; SX St
Maarten; SY Syria; SY Syrian Arab Republic; SZ Eswatini; SZ Swaziland; TC Turks and Caicos Islands; TD
Chad; TF French Southern Territories; TG Togo; TH Thailand; TJ Tajikistan; TK Tokelau; TL East Timor; TL
Timor-Leste; TM Turkmenistan; TN Tunisia; TO Tonga; TR Turkey; TR Türkiye; TR Turkiye; TT Trinidad and
Tobago; TV Tuvalu; TW Taiwan; TZ Tanzania; UA Ukraine; UG Uganda; UM United States Minor Outlying Islands;
US United States; US United States of America; US America; UY Uruguay; UZ Uzbekistan; VA Vatican City; VA
Holy See; VC St Vincent and the Grenadines; VC Saint Vincent and the Grenadines; VC St Vincent; VE
Venezuela; VG British Virgin Islands; VI US Virgin Islands; VN Vietnam; VN Viet Nam; VU Vanuatu; WF Wallis
and Futuna; WS Samoa; WS Western Samoa; YE Yemen; YT Mayotte; ZA South Africa; ZM Zambia; ZW Zimbabwe
"""

ALPHA_2: Final = frozenset(pair[:2] for pair in _ALPHA_3.split())


def squeezed(text: str) -> str:
    """Reduce *text* to its letters, in lower case: `(U.S.)` and `us` are one key."""
    return "".join(filter(str.isalpha, text.replace("&", "and"))).lower()


def _codes_by_key() -> dict[str, str]:
    names = (entry.strip().split(" ", 1) for entry in _NAMES.replace("\n", " ").split(";"))
    codes = {squeezed(name): code for code, name in names}
    codes |= {alpha_3.lower(): alpha_2 for alpha_2, alpha_3 in (pair.split(":") for pair in _ALPHA_3.split())}
    return codes | {code.lower(): code for code in ALPHA_2}


_CODES: Final = _codes_by_key()


def alpha_2(country: str) -> str | None:
    """Look up the upper-case alpha-2 code of *country*: a code, a three-letter code or a name."""
    return _CODES.get(squeezed(country))
