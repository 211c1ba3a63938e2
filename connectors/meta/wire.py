"""A server event as Meta reads it, field by field.

https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/server-event
"""

from typing import Literal, NotRequired, TypedDict

ActionSource = Literal["website", "physical_store"]
"""Where it happened, in Meta's words; the others are nothing we know of."""


class UserData(TypedDict, total=False):
    """Who it was. Hashes are lower-case SHA-256; the last four are never hashed."""

    em: str
    ph: str
    fn: str
    ln: str
    ct: str
    st: str
    zp: str
    country: str
    db: str
    ge: str
    external_id: list[str]
    fbp: str
    fbc: str
    client_ip_address: str
    client_user_agent: str


class Content(TypedDict):
    """One product of an event; *id* is the catalog's."""

    id: str
    quantity: int
    item_price: NotRequired[float]
    title: NotRequired[str]
    brand: NotRequired[str]
    category: NotRequired[str]


class CustomData(TypedDict, total=False):
    """What it was about. Amounts are major units."""

    value: float
    currency: str
    content_ids: list[str]
    contents: list[Content]
    content_type: str
    content_name: str
    content_category: str
    num_items: int
    order_id: str
    search_string: str


class Conversion(TypedDict):
    """One server event. *event_time* is Unix seconds."""

    event_name: str
    event_time: int
    event_id: str
    action_source: ActionSource
    user_data: UserData
    event_source_url: NotRequired[str]
    referrer_url: NotRequired[str]
    custom_data: NotRequired[CustomData]
    data_processing_options: NotRequired[list[str]]
    data_processing_options_country: NotRequired[int]
    data_processing_options_state: NotRequired[int]
