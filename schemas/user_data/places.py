"""Where somebody lives: city, state, postcode and country, in the form Meta hashes.

Rules: https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/customer-information-parameters
"""

import re
from typing import Final

from schemas.user_data.countries import alpha_2
from schemas.user_data.values import Refusal, letters_and_digits

# ANSI INCITS 38 codes of states, the district, territories and freely associated states; the armed forces' last.
_US_STATES: Final = """
al alabama; ak alaska; az arizona; ar arkansas; ca california; co colorado; ct connecticut; de delaware;
dc districtofcolumbia; dc washingtondc; fl florida; ga georgia; hi hawaii; id idaho; il illinois; in indiana;
ia iowa; ks kansas; ky kentucky; la louisiana; me maine; md maryland; ma massachusetts; mi michigan;
mn minnesota; ms mississippi; mo missouri; mt montana; ne nebraska; nv nevada; nh newhampshire; nj newjersey;
nm newmexico; ny newyork; ny newyorkstate; nc northcarolina; nd northdakota; oh ohio; ok oklahoma; or oregon;
pa pennsylvania; ri rhodeisland; sc southcarolina; sd southdakota; tn tennessee; tx texas; ut utah; vt vermont;
va virginia; wa washington; wa washingtonstate; wv westvirginia; wi wisconsin; wy wyoming;
as americansamoa; gu guam; mp northernmarianaislands; pr puertorico; vi virginislands; vi usvirginislands;
um usminoroutlyingislands; fm micronesia; mh marshallislands; pw palau;
aa armedforcesamericas; ae armedforceseurope; ap armedforcespacific
"""
_STATE_NAMES: Final = tuple((entry[:2], entry[3:]) for entry in _US_STATES.replace("\n", " ").strip().split("; "))
_STATES: Final = {name: code for code, name in _STATE_NAMES} | {code: code for code, _ in _STATE_NAMES}
_ZIP_PLUS_4: Final = re.compile(r"\d{5}-\d{4}", re.ASCII)
_US_ZIP: Final = re.compile(r"(\d{5})(?:[\s-]*\d{4})?", re.ASCII)
_BRITISH: Final = re.compile(r"[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}|gir0aa", re.ASCII)


def city(text: str, region: str | None) -> str | Refusal:
    """Keep the letters and digits of a city, lower-case: `Saint-Denis` → `saintdenis`."""
    kept = letters_and_digits(text)
    if not kept:
        return Refusal("empty")
    return kept if any(map(str.isalpha, kept)) else Refusal("not_a_place")


def state(text: str, region: str | None) -> str | Refusal:
    """Write a state of the US as its two-letter code, one of any other country as its letters and digits."""
    kept = letters_and_digits(text)
    if not kept:
        return Refusal("empty")
    if region != "US":
        return kept
    return _STATES.get(kept) or _STATES.get(kept.removeprefix("us")) or Refusal("not_a_state")


def postcode(text: str, region: str | None) -> str | Refusal:
    """Drop spaces and dashes; five digits in the US, the whole `m11ae` in Britain (Meta's own example)."""
    if region == "US":
        found = _US_ZIP.fullmatch(text)
        return found[1] if found else Refusal("not_a_postcode")
    if region is None and _ZIP_PLUS_4.fullmatch(text):
        return text[:5]
    kept = letters_and_digits(text)
    if not kept:
        return Refusal("empty")
    if not any(map(str.isdecimal, kept)) or (region == "GB" and not _BRITISH.fullmatch(kept)):
        return Refusal("not_a_postcode")
    return kept


def country(text: str, region: str | None) -> str | Refusal:
    """Write a country, given as a code or by its name, as its lower-case ISO 3166-1 alpha-2 code."""
    if not letters_and_digits(text):
        return Refusal("empty")
    code = alpha_2(text)
    return code.lower() if code else Refusal("not_a_country")
