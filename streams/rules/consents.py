"""Whether what a visitor allowed lets an event go to an advertiser; pure.

In: the consent as Shopify's customerPrivacy tells it, and whether the shop sends only what is allowed in so many words.
https://shopify.dev/docs/api/web-pixels-api/standard-api/customerprivacy
"""

from typing import Literal

from schemas.records import Consent

Verdict = Literal[
    # Go on.
    "send",
    # Go on, marked "limited data use": the visitor forbade the sale of their data, or must first allow it.
    "send_limited",
    # The visitor said no to marketing.
    "no_marketing_consent",
    # The shop requires a yes, and nobody has told us of one.
    "consent_not_told",
]


def advertising_verdict(consent: Consent | None, *, require_consent: bool, protected: bool = False) -> Verdict:
    """Decide on one event by the *consent* that came with it; *protected*: where sale must be allowed first."""
    if consent is None:
        return "consent_not_told" if require_consent else _sale(None, protected=protected)
    if consent["marketing"] is False:
        return "no_marketing_consent"
    if consent["marketing"] is None and require_consent:
        return "consent_not_told"
    return _sale(consent["sale_of_data"], protected=protected)


def _sale(allowed: bool | None, *, protected: bool) -> Verdict:
    return "send_limited" if allowed is False or (protected and allowed is None) else "send"
