"""Whether an item at Meta is still what it was told to be, by the fields that its API gives back; pure.

Meta writes some values its own way, so what cannot be compared counts as equal: a drift is told from a difference in
availability, title, address and amount. https://developers.facebook.com/docs/marketing-api/reference/product-item
"""

import re
from collections.abc import Mapping
from typing import Any, Final

FIELDS: Final = ("retailer_id", "name", "availability", "url", "price")

_AMOUNT: Final = re.compile(r"\d[\d.,' \u00a0]*")
_GROUPS: Final = re.compile(r"[' \u00a0]")


def has_drifted(row: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Compare what Meta lists (*row*) with what an item was *told* to be."""
    return (
        _differs(row.get("name"), told.get("title"))
        or _differs(_word(row.get("availability")), _word(told.get("availability")))
        or _differs(row.get("url"), told.get("link"))
        or _differs(_amount(row.get("price")), _amount(told.get("price")))
    )


def _differs(listed: object, told: object) -> bool:
    return listed is not None and told is not None and listed != told


def _word(value: object) -> str | None:
    return value.replace("_", " ").lower() if isinstance(value, str) else None


def _amount(value: object) -> str | None:
    """Read the digits of an amount, whatever its language: a comma or point before two or three last digits parts."""
    found = _AMOUNT.search(value) if isinstance(value, str) else None
    if found is None:
        return None
    digits = _GROUPS.sub("", found.group()).rstrip(".,")
    whole, mark, part = digits, "", ""
    for each in ",.":
        if digits.rfind(each) > digits.rfind("," if each == "." else "."):
            whole, mark, part = digits.rpartition(each)
    if mark and len(part) == 3 and digits.count(mark) >= 1 and not _has_other(digits, mark):
        whole, part = digits, ""  # 1.000 or 1,000: a thousand in most languages
    number = re.sub(r"\D", "", whole).lstrip("0") or "0"
    return f"{number}.{part.rstrip('0')}" if part.rstrip("0") else number


def _has_other(digits: str, mark: str) -> bool:
    return ("," if mark == "." else ".") in digits
