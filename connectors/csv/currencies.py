"""What stands beside an amount → the currencies that it may mean: `EUR`, `€` and `zł` one each, `$` and `kr` several.

https://www.iso.org/iso-4217-currency-codes.html and https://cldr.unicode.org
"""

from typing import Final

_CODES: Final = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD
RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX
USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CODES: Final = frozenset(_CODES.split())
BESIDE: Final = " \t\xa0\u202f.,:-–—"
"""What belongs to neither the word nor the number, as in `Fr. 12.-`."""

_DOLLARS: Final = """
USD ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD SVC TTD TWD UYU XCD
"""
_SIGNS: Final = {
    "€ EURO EUROS": "EUR",
    "$": _DOLLARS,
    "US$": "USD",
    "CA$ CAN$": "CAD",
    "C$": "CAD NIO",
    "A$ AU$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "NT$": "TWD",
    "MX$": "MXN",
    "R$": "BRL",
    "£": "GBP EGP FKP GIP LBP SDG SHP SSP SYP",
    "¥": "JPY CNY",
    "円": "JPY",
    "元": "CNY HKD TWD",
    "KR": "SEK NOK DKK ISK",
    "FR": "CHF BIF CDF DJF GNF KMF RWF XAF XOF XPF",
    "SFR": "CHF",
    "RS": "INR PKR LKR NPR MUR SCR",
    "₹": "INR",
    "R": "ZAR",
    "ZŁ": "PLN",
    "KČ": "CZK",
    "FT": "HUF",
    "LEI": "RON MDL",
    "ЛВ": "BGN",
    "₽ РУБ": "RUB",
    "₴ ГРН": "UAH",
    "₺ TL": "TRY",
    "₪": "ILS",
    "₩": "KRW KPW",
    "₫ Đ": "VND",
    "฿": "THB",
    "₱": "PHP CUP",
    "RM": "MYR",
    "RP": "IDR",
    "₦": "NGN",
    "₵": "GHS",
    "₡": "CRC SVC",
    "₲": "PYG",
    "₸": "KZT",
    "₾": "GEL",
    "₼": "AZN",
    "S/": "PEN",
}
_MEANT: Final = {sign: frozenset(codes.split()) for signs, codes in _SIGNS.items() for sign in signs.split()}


def currencies_of(word: str) -> frozenset[str]:
    """Return the currencies that *word*, a code or a sign, may mean; none where it is neither."""
    word = word.strip(BESIDE).upper()
    return _MEANT.get(word) or CODES.intersection([word])
