"""The event itself, its data by kind, and our wrapper around it."""

from typing import Annotated, Any, Final

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from connectors.ingest.wire.checkouts import Checkout
from connectors.ingest.wire.pages import Context, DomData
from connectors.ingest.wire.products import Cart, CartLine, Collection, ProductVariant, SearchResult
from connectors.ingest.wire.values import LARGEST_SEQUENCE, LONGEST_NAME, Identifier, Moment, Wire


class Alert(Wire):
    """What the checkout told the shopper; *value* is what was typed, read and dropped."""

    message: str | None = None
    target: str | None = None
    type: str | None = None
    value: str | None = None


class ExtensionError(Wire):
    """What went wrong in a checkout extension."""

    api_version: str | None = None
    app_id: str | None = None
    app_name: str | None = None
    app_version: str | None = None
    extension_name: str | None = None
    extension_target: str | None = None
    message: str | None = None
    placement_reference: str | None = None
    trace: str | None = None
    type: str | None = None


class StandardData(Wire):
    """The `data` of any standard event: each has one of these."""

    product_variant: ProductVariant | None = None
    cart_line: CartLine | None = None
    cart: Cart | None = None
    collection: Collection | None = None
    search_result: SearchResult | None = None
    checkout: Checkout | None = None
    alert: Alert | None = None
    error: ExtensionError | None = None


class PixelEvent(Wire):
    """One event as Shopify hands it to a pixel. *data* is read further by `kind_of(name)`."""

    id: Annotated[Identifier, Field(min_length=1)]
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    type: str | None = Field(None, max_length=LONGEST_NAME)
    client_id: Annotated[Identifier, Field(min_length=1)]
    timestamp: Moment
    seq: int | None = Field(None, ge=0, le=LARGEST_SEQUENCE)
    context: Context | None = None
    data: Any = None
    custom_data: Any = None


class Customer(Wire):
    """Who is logged in, as the pixel's `init.data.customer` tells it."""

    id: Identifier | None = None
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None


def _either(camel: str, snake: str) -> Any:
    return Field(None, validation_alias=AliasChoices(camel, snake))


class Consent(BaseModel):
    """Shopify's `customerPrivacy`, under its names or ours."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    analytics: bool | None = _either("analyticsProcessingAllowed", "analytics")
    marketing: bool | None = _either("marketingAllowed", "marketing")
    preferences: bool | None = _either("preferencesProcessingAllowed", "preferences")
    sale_of_data: bool | None = _either("saleOfDataAllowed", "sale_of_data")


class Browser(Wire):
    """Meta's cookies, and the page's URL."""

    fbp: str | None = None
    fbc: str | None = None
    url: str | None = None


class Wrapper(BaseModel):
    """What our pixel sends around an event."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    event: PixelEvent
    customer: Customer | None = None
    consent: Consent | None = Field(None, validation_alias=AliasChoices("consent", "customerPrivacy"))
    browser: Browser | None = None
    sent_at: Moment | None = None


DATA: Final[dict[str, type[Wire]]] = {"standard": StandardData, "dom": DomData, "advanced-dom": DomData}
