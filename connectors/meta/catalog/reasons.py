"""Why an item is skipped, comes with a warning, or is refused by Meta, and what to do about it: a closed list.

`docs/catalog.md` shows it as a table; a test holds both equal.
"""

import re
from typing import Final, Literal, NamedTuple

Kind = Literal["skipped", "warning", "refused"]


class Reason(NamedTuple):
    """One entry. *field* is the attribute of Meta's that it is about; None where it is about none or several."""

    kind: Kind
    field: str | None
    meaning: str
    suggestion: str


REASONS: Final[dict[str, Reason]] = {
    # Decided here, before anything is sent.
    "missing_sku": Reason(
        "skipped", "id", "the id template needs a SKU", "give the variant a SKU, or take {variant_id}"
    ),
    "missing_country": Reason("skipped", "id", "the id template needs a country", "set the shop's country"),
    "bad_id": Reason("skipped", "id", "the id has blanks at its ends or control characters", "write the SKU anew"),
    "long_id": Reason("skipped", "id", "the id has more than 100 characters", "shorten the SKU or the template"),
    "duplicate_id": Reason(
        "skipped", "id", "another item has the id", "give each variant an id: {variant_id}, or a SKU"
    ),
    "no_variants": Reason("skipped", None, "the product has no variant, so no price", "give it a variant"),
    "missing_title": Reason("skipped", "title", "there is no title", "give the product a title"),
    "missing_price": Reason("skipped", "price", "there is no price", "give the variant a price"),
    "zero_price": Reason("skipped", "price", "it costs nothing", "set a price, or keep it out with price_from"),
    "negative_price": Reason("skipped", "price", "the price is below zero", "correct the price in the shop"),
    "bad_price": Reason("skipped", "price", "the price is no amount of money", "correct the price in the shop"),
    "missing_currency": Reason("skipped", "price", "nobody names the currency", "set the shop's currency"),
    "bad_currency": Reason("skipped", "price", "the currency is no three letters", "correct it, as EUR"),
    "missing_image": Reason("skipped", "image_link", "there is no picture", "add one, 500 x 500 pixels or more"),
    "bad_image": Reason("skipped", "image_link", "no picture has a whole address", "write it with https://"),
    "missing_link": Reason("skipped", "link", "there is no page", "set a handle or url, or map link"),
    "bad_link": Reason("skipped", "link", "the page's address is not whole", "write it with https://"),
    "rule_failed": Reason("skipped", None, "a bug of ours", "report it with the product"),
    # The item is sent, and could be better.
    "missing_brand": Reason("warning", "brand", "no brand; the shop's domain stands in", "set a brand, or map brand"),
    "missing_description": Reason("warning", "description", "no description; the title stands in", "write one"),
    "long_title": Reason("warning", "title", "cut to 200 characters", "shorten the title"),
    "shouted_title": Reason("warning", "title", "capitals throughout; written as words", "write it in small letters"),
    "bad_gtin": Reason("warning", "gtin", "the barcode is no GTIN and left out", "correct its digits"),
    "no_variant_attribute": Reason(
        "warning", None, "nothing tells the variant from the others of its product", "give the variants options"
    ),
    "bad_field": Reason(
        "warning", None, "Meta does not take the value of a field", "correct it in the shop, or its mapping"
    ),
    # Meta says so.
    "unknown_field": Reason("warning", None, "Meta does not know a mapped attribute", "correct its name under fields"),
    "not_fetched": Reason("refused", "image_link", "Meta could not fetch a picture", "let facebookexternalhit read it"),
    "small_image": Reason("refused", "image_link", "a picture is too small", "500 x 500 pixels or more"),
    "bad_image_file": Reason("refused", "image_link", "a picture is no JPEG or PNG, or over 8 MB", "convert it"),
    "bad_page": Reason("refused", "link", "Meta could not open the page", "let it answer 200, on your own domain"),
    "bad_availability": Reason("refused", "availability", "Meta does not take the availability", "report it: a bug"),
    "bad_brand": Reason("refused", "brand", "Meta does not take the brand", "set a brand of up to 100 characters"),
    "bad_description": Reason("refused", "description", "Meta does not take the description", "plain text, no links"),
    "bad_title": Reason("refused", "title", "Meta does not take the title", "up to 200 characters, no capitals only"),
    "bad_category": Reason("refused", "google_product_category", "Meta does not know the category", "as Google lists"),
    "bad_sale_price": Reason("refused", "sale_price", "it does not lie below the price", "correct compare-at"),
    "group_mismatch": Reason("refused", "item_group_id", "variants contradict each other", "tell the same of each"),
    "missing_field": Reason("refused", None, "Meta misses a field", "map it under fields"),
    "against_policy": Reason("refused", None, "it is against Meta's policies", "ask for a review, or exclude it"),
    "unknown_item": Reason("refused", "id", "Meta does not have the item", "run storestream catalogs sync"),
    "no_permission": Reason("refused", None, "the token may not write the catalog", "needs catalog_management"),
    "bad_token": Reason("refused", None, "the token is not or no longer valid", "make a new one; see token_env"),
    "throttled": Reason("refused", None, "too many calls for the catalog", "none: it is sent again"),
    "refused": Reason("refused", None, "Meta refused it for a reason we do not know", "read Meta's message"),
}

# Meta documents few of its messages, and they are translated: what is not recognised is `refused`.
_MESSAGES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (r"unrecogni[sz]ed field", "unknown_field"),
        (r"group mismatch|same value for all items in the same group", "group_mismatch"),
        (r"too many calls|rate limit|\(#?(4|17|613|80009|80014)\)", "throttled"),
        (r"access token|\(#?190\)", "bad_token"),
        (r"permission|\(#?(10|200)\)", "no_permission"),
        (r"polic(y|ies)|violat|abusive|prohibited", "against_policy"),
        (r"duplicat", "duplicate_id"),
        (r"price without currency|missing currency", "missing_currency"),
        (r"invalid currency|currency .*(invalid|not supported)", "bad_currency"),
        (r"sale.?price", "bad_sale_price"),
        (r"(missing|without|required|empty).*price|price.*(missing|required|empty)", "missing_price"),
        (r"negative.*price|price.*negative", "negative_price"),
        (r"price", "bad_price"),
        (r"(missing|without|required|no|empty) .*image|image.*(missing|required|empty)", "missing_image"),
        (r"(image|picture).*(small|resolution|dimension|pixel)|small.*(image|picture)", "small_image"),
        (r"(image|picture).*(fetch|download|load|crawl|reach)|(fetch|download|load).*(image|picture)", "not_fetched"),
        (r"(url|http).*(image|picture)|(image|picture).*(url|http)", "bad_image"),
        (r"(image|picture).*(format|type|large|size|big|invalid)|(format|invalid).*(image|picture)", "bad_image_file"),
        (r"gtin|barcode|\bupc\b|\bean\b", "bad_gtin"),
        (r"availability", "bad_availability"),
        (r"condition|gender|age_group", "bad_field"),
        (r"google_product_category|product category|category", "bad_category"),
        (r"(missing|without|required|empty).*\btitle|title.*(missing|required|empty)", "missing_title"),
        (r"title.*(capital|upper.?case|all caps)|(capital|upper.?case).*title", "shouted_title"),
        (r"title", "bad_title"),
        (r"description", "bad_description"),
        (r"brand", "bad_brand"),
        (r"(missing|without|required|empty).*\blink|\blink.*(missing|required|empty)", "missing_link"),
        (r"\b(link|url|website|domain)\b", "bad_page"),
        (r"does not exist|not found|unknown item|no such item|not be completed", "unknown_item"),
        (r"\bid\b.*(long|exceed)", "long_id"),
        (r"missing|required", "missing_field"),
        (r"longer than|too long|exceed|invalid value", "bad_field"),
    )
)


def suggestion(reason: str) -> str:
    """Say what to do about *reason*."""
    return REASONS[reason].suggestion


def of_message(message: str) -> tuple[str, str]:
    """Find the reason that Meta's *message* about an item gives, and what to do about it."""
    reason = next((reason for pattern, reason in _MESSAGES if pattern.search(message)), "refused")
    return reason, REASONS[reason].suggestion
