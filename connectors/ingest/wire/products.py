"""Products as events carry them: variants, cart lines, collections, searches."""

from connectors.ingest.wire.values import Amount, Identifier, Quantity, Wire


class Money(Wire):
    """MoneyV2: major units, and the currency where the sender knew it."""

    amount: Amount | None = None
    currency_code: str | None = None


class Image(Wire):
    """Often protocol-relative: `//host/path`."""

    src: str | None = None


class Product(Wire):
    """What a variant is a variant of."""

    id: Identifier | None = None
    title: str | None = None
    type: str | None = None
    untranslated_title: str | None = None
    url: str | None = None
    vendor: str | None = None


class ProductVariant(Wire):
    """One sellable form of a product."""

    id: Identifier | None = None
    image: Image | None = None
    price: Money | None = None
    product: Product | None = None
    sku: str | None = None
    title: str | None = None
    untranslated_title: str | None = None


class Cost(Wire):
    """What a cart or one of its lines costs."""

    total_amount: Money | None = None


class Pair(Wire):
    """An attribute or a property: what a theme or a shopper added."""

    key: str | None = None
    value: str | None = None


class CartLine(Wire):
    """A variant and how many of it."""

    cost: Cost | None = None
    merchandise: ProductVariant | None = None
    quantity: Quantity | None = None


class Cart(Wire):
    """The cart; its id is the cart token."""

    id: Identifier | None = None
    attributes: list[Pair] | None = None
    cost: Cost | None = None
    lines: list[CartLine] | None = None
    total_quantity: Quantity | None = None


class Collection(Wire):
    """A page of products; the id is '' on the page of all."""

    id: Identifier | None = None
    title: str | None = None
    product_variants: list[ProductVariant] | None = None


class SearchResult(Wire):
    """What was looked for, and the first variant of each hit."""

    query: str | None = None
    product_variants: list[ProductVariant] | None = None
