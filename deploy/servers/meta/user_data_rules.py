"""
Meta's documented rules for `user_data`: which keys are hashed, how, and how much is enough to match a person.

Sources: https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/customer-information-parameters
and https://developers.facebook.com/docs/marketing-api/conversions-api/best-practices (the insufficient combinations).
How the Graph API treats unhashed or MD5 values has not been observed: they are refused here, as documented.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

from deploy.servers.meta.graph import INSUFFICIENT_CUSTOMER, invalid

HASHED: Final = frozenset({"em", "ph", "fn", "ln", "db", "ge", "ct", "st", "zp", "country"})
PLAIN_STRINGS: Final = frozenset(
    {
        "client_ip_address",
        "client_user_agent",
        "fbc",
        "fbp",
        "subscription_id",
        "anon_id",
        "madid",
        "page_id",
        "page_scoped_user_id",
        "ctwa_clid",
        "ig_account_id",
        "ig_sid",
    }
)
NUMBERED: Final = frozenset({"fb_login_id", "lead_id"})
# Hashed helpers of Meta's own SDK that no page documents.
UNDOCUMENTED: Final = frozenset({"f5first", "f5last", "fi", "dobd", "dobm", "doby"})
KNOWN: Final = HASHED | PLAIN_STRINGS | NUMBERED | UNDOCUMENTED | {"external_id"}
INSUFFICIENT: Final = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)
# Meta's Parameter Builder appends ".<8 characters>" (2 in its older releases) to hashes, fbc and fbp.
_SHA256: Final = re.compile(r"[0-9a-f]{64}(\.[A-Za-z0-9_-]{2}([A-Za-z0-9_-]{6})?)?\Z").match
_CLICK_ID: Final = re.compile(r"fb\.[0-9]\.[0-9]{13}\.[^\s]+\Z").match


def check_user_data(user: Mapping[str, object]) -> tuple[str, ...]:
    """
    Check the customer information of one event.

    Returns: what is odd but not known to be refused.

    Raises:
        GraphError: 100/2804050 when it cannot match anybody, 100 when a value has the wrong form.
    """
    present = {key for key, value in user.items() if value not in (None, "", [])}
    if any(present <= insufficient for insufficient in INSUFFICIENT):
        raise invalid(
            "You haven't added sufficient customer information parameter data",
            subcode=INSUFFICIENT_CUSTOMER,
        )
    for key in present:
        _check_value(key, user[key])
    return _warnings(user, present)


def _check_value(key: str, value: object) -> None:
    if key in HASHED or key in UNDOCUMENTED:
        if not all(isinstance(one, str) and _SHA256(one) for one in _each(value)):
            raise invalid(f"user_data.{key} must be a SHA-256 hash in lower-case hexadecimal")
    elif key == "external_id":
        if not all(isinstance(one, str) and one for one in _each(value)):
            raise invalid("user_data.external_id must be a string or a list of strings")
    elif key in PLAIN_STRINGS:
        if not isinstance(value, str):
            raise invalid(f"user_data.{key} must be a string")
        if key == "client_ip_address":
            _check_ip(value)
    elif key in NUMBERED and not (isinstance(value, int | str) and str(value).isdecimal()):
        raise invalid(f"user_data.{key} must be an integer")


def _each(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _check_ip(value: str) -> None:
    try:
        ip_address(value)
    except ValueError:
        raise invalid("user_data.client_ip_address must be an IPv4 or IPv6 address") from None


def _warnings(user: Mapping[str, object], present: set[str]) -> tuple[str, ...]:
    odd = [f"unknown user_data key {key}" for key in sorted(present - KNOWN)]
    for key in ("fbc", "fbp"):
        if key in present and not _CLICK_ID(str(user[key])):
            odd.append(f"{key} has not the documented form")
    return tuple(odd)
