"""Whether Meta would take an event, asked before it is sent: one bad event makes Meta refuse its whole batch.

In: a `Conversion` and the time. Out: nothing, or the reason it is skipped.
https://developers.facebook.com/documentation/ads-commerce/conversions-api/using-the-api
"""

from typing import Final, Literal, get_args

from connectors.meta.wire import Conversion

SkipReason = Literal[
    # The visitor said no to marketing.
    "no_marketing_consent",
    # The shop requires a yes to marketing, and nobody has told us of one.
    "consent_not_told",
    # The destination does not take events of this name.
    "not_selected",
    # The destination takes only products its catalog has, and it has not this one.
    "unknown_product",
    # As before, and its catalog at Meta has not this one: it was refused, deleted or left out.
    "not_in_catalog",
    # Meta takes nothing older than seven days, of a store 62.
    "too_old",
    # The event says it happened more than a minute from now.
    "in_future",
    # A website event must say on which page it happened.
    "no_source_url",
    # Nothing, or too little, by which Meta could know the person.
    "too_little_user_data",
    # A Purchase must say how much was paid.
    "no_value",
    # A Purchase must say in which currency.
    "no_currency",
    # No id, or one too long: without it a second attempt would count twice.
    "no_event_id",
    # The event alone is larger than we put into one request.
    "too_large",
    # The destination's content_id_template names a field there is not.
    "bad_template",
    # The shop took the destination away while the event waited for it.
    "destination_removed",
]
SKIP_REASONS: Final[tuple[str, ...]] = get_args(SkipReason)
FOR_GOOD: Final[frozenset[SkipReason]] = frozenset({"no_marketing_consent", "too_old"})
"""What no later attempt may change."""

DAY_SECONDS: Final = 86_400
MAX_AGE_SECONDS: Final = 7 * DAY_SECONDS
MAX_AGE_IN_STORE_SECONDS: Final = 62 * DAY_SECONDS
# Meta's clock decides when the batch gets there, not ours when it leaves.
MARGIN_SECONDS: Final = 120
# Meta states no limit; other senders stop at a minute.
MAX_AHEAD_SECONDS: Final = 60
MAX_EVENT_BYTES: Final = 256 * 1024
MAX_ID_LENGTH: Final = 512

# https://developers.facebook.com/docs/marketing-api/conversions-api/best-practices: invalid if nothing but these.
INSUFFICIENT: Final = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)


def skip_reason(conversion: Conversion, now: float) -> SkipReason | None:
    """Say why *conversion* must not be sent at *now* (Unix seconds); None when Meta should take it."""
    if reason := age_reason(conversion["event_time"], now, in_store=conversion["action_source"] == "physical_store"):
        return reason
    if not conversion["event_id"] or len(conversion["event_id"]) > MAX_ID_LENGTH:
        return "no_event_id"
    url = conversion.get("event_source_url", "")
    # Meta documents client_user_agent as required too, and takes website events without it.
    if conversion["action_source"] == "website" and not url.startswith(("http://", "https://")):
        return "no_source_url"
    present = conversion["user_data"].keys()
    if any(present <= insufficient for insufficient in INSUFFICIENT):
        return "too_little_user_data"
    if conversion["event_name"] == "Purchase":
        return _purchase_reason(conversion)
    return None


def age_reason(event_time: int, now: float, *, in_store: bool = False) -> SkipReason | None:
    """Say whether an event of *event_time* (Unix seconds) is too old or too new to be sent at *now*."""
    limit = MAX_AGE_IN_STORE_SECONDS if in_store else MAX_AGE_SECONDS
    if now - event_time > limit - MARGIN_SECONDS:
        return "too_old"
    return "in_future" if event_time - now > MAX_AHEAD_SECONDS else None


def _purchase_reason(conversion: Conversion) -> SkipReason | None:
    custom = conversion.get("custom_data", {})
    if "value" in custom and "currency" in custom:
        return None
    return "no_value" if "value" not in custom else "no_currency"
