"""
Meta's documented rules for one server event: an event in, warnings out, or the refusal of its whole request.

Source: https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/server-event
Where Meta's pages and the observed Graph API differ, the observation wins: `client_user_agent` is documented as
required for website events and is not enforced. Enforcement of `action_source` and `event_source_url` has not been
observed either way, and is as documented here. No page states how far ahead `event_time` may be: one minute here.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from deploy.servers.meta.custom_data_rules import check_custom_data, check_purchase
from deploy.servers.meta.graph import TIMESTAMP_TOO_OLD, invalid
from deploy.servers.meta.user_data_rules import check_user_data

ACTION_SOURCES: Final = frozenset(
    {
        "email",
        "website",
        "app",
        "phone_call",
        "chat",
        "physical_store",
        "system_generated",
        "business_messaging",
        "other",
    }
)
SEGMENTS: Final = frozenset(
    f"{which}_customer_to_{what}"
    for which in ("new", "existing")
    for what in ("business", "business_line", "product_area", "medium")
) | {"customer_in_loyalty_program"}
LDU_COUNTRIES: Final = frozenset({0, 1})
LDU_STATES: Final = frozenset({0, *range(1000, 1014)})
DAY_SECONDS: Final = 86_400
MAX_AGE_SECONDS: Final = 7 * DAY_SECONDS
MAX_AGE_IN_STORE_SECONDS: Final = 62 * DAY_SECONDS
MAX_AHEAD_SECONDS: Final = 60

Event = Mapping[str, object]


def check_events(events: Sequence[Event], *, now: float) -> list[tuple[str, ...]]:
    """
    Check a whole request at *now* (Unix seconds); one bad event refuses all.

    Returns: what is odd about each event but not known to be refused by Meta.

    Raises:
        GraphError: the first problem found, without saying in which event.
    """
    return [check_event(event, now=now) for event in events]


def check_event(event: Event, *, now: float) -> tuple[str, ...]:
    """
    Check one event: required fields, time, customer, then what depends on the event's name.

    Raises:
        GraphError: code 100 with the subcode Meta documents for this problem, if any.
    """
    _check_required(event)
    _check_time(event, now)
    user = event["user_data"]
    if not isinstance(user, Mapping):
        raise invalid("user_data must be an object")
    warnings = check_user_data(user)
    custom = event.get("custom_data")
    if custom is not None and not isinstance(custom, Mapping):
        raise invalid("custom_data must be an object")
    if event["event_name"] == "Purchase":
        check_purchase(custom or {})
    if custom:
        check_custom_data(custom)
    _check_optional(event)
    _check_processing_options(event, has_ip=bool(user.get("client_ip_address")))
    if event["action_source"] == "website" and not user.get("client_user_agent"):
        return (*warnings, "a website event without client_user_agent")
    return warnings


def _check_required(event: Event) -> None:
    for field in ("event_name", "event_time", "user_data", "action_source"):
        if event.get(field) in (None, ""):
            raise invalid(f"Missing required parameter: {field}")
    if not isinstance(event["event_name"], str):
        raise invalid("event_name must be a string")
    if not isinstance(event["action_source"], str) or event["action_source"] not in ACTION_SOURCES:
        raise invalid("action_source is not one of the documented values")
    if event["action_source"] == "website":
        url = event.get("event_source_url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise invalid("event_source_url is required for website events and begins with http")


def _check_time(event: Event, now: float) -> None:
    time = event["event_time"]
    if not isinstance(time, int) or isinstance(time, bool):
        raise invalid("event_time must be an integer of Unix seconds")
    in_store = event["action_source"] == "physical_store"
    if now - time > (MAX_AGE_IN_STORE_SECONDS if in_store else MAX_AGE_SECONDS):
        raise invalid("event_time is too old", subcode=TIMESTAMP_TOO_OLD)
    if time - now > MAX_AHEAD_SECONDS:
        raise invalid("event_time is in the future")


def _check_optional(event: Event) -> None:
    for field in ("event_id", "referrer_url"):
        if not isinstance(event.get(field, ""), str):
            raise invalid(f"{field} must be a string")
    for field in ("original_event_data", "attribution_data", "app_data"):
        if not isinstance(event.get(field, {}), Mapping):
            raise invalid(f"{field} must be an object")
    if not isinstance(event.get("opt_out", False), bool):
        raise invalid("opt_out must be a boolean")
    segment = event.get("customer_segmentation")
    if segment is not None and (not isinstance(segment, str) or segment not in SEGMENTS):
        raise invalid("customer_segmentation is not one of the documented values")


def _check_processing_options(event: Event, *, has_ip: bool) -> None:
    """Source: https://developers.facebook.com/documentation/ads-commerce/marketing-api/overview/data-processing-options."""
    options = event.get("data_processing_options")
    country = event.get("data_processing_options_country")
    state = event.get("data_processing_options_state")
    if options is not None and options not in ([], ["LDU"]):
        raise invalid('data_processing_options must be [] or ["LDU"]')
    if not _is_code(country, LDU_COUNTRIES):
        raise invalid("data_processing_options_country must be 0 or 1")
    if not _is_code(state, LDU_STATES):
        raise invalid("data_processing_options_state is not one of the documented values")
    if state is not None and country is None:
        raise invalid("data_processing_options_state needs data_processing_options_country")
    if options and not has_ip and (country is None or state is None):
        raise invalid("LDU without client_ip_address needs a country and a state")


def _is_code(value: object, codes: frozenset[int]) -> bool:
    if value is None:
        return True
    return isinstance(value, int) and not isinstance(value, bool) and value in codes
