"""The demo shop's products, as Shopify's `products/create` webhook tells them."""

import random
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

KINDS: Final = {
    # kind: (what it is made of or for, price range in EUR, option name, option values)
    "Bracelet": (("Amber", "Coral", "Jade", "Silver", "Pearl", "Onyx"), (19, 79), "Color", ("Blue", "Green", "Black")),
    "Necklace": (
        ("Moon", "Garnet", "Opal", "Gold", "Shell", "River"),
        (29, 149),
        "Length",
        ("40 cm", "45 cm", "50 cm"),
    ),
    "T-Shirt": (("Harbour", "Meadow", "Dune", "Orchard", "Fjord"), (19, 39), "Size", ("S", "M", "L", "XL")),
    "Sweater": (("Merino", "Alpaca", "Cotton", "Mohair", "Lambswool"), (59, 159), "Size", ("S", "M", "L", "XL")),
    "Backpack": (("City", "Trail", "Weekend", "Studio"), (69, 189), "Color", ("Sand", "Forest", "Ink")),
    "Mug": (("Speckled", "Stoneware", "Enamel", "Porcelain"), (12, 34), "Color", ("White", "Rust", "Slate")),
    "Blanket": (("Wool", "Linen", "Waffle", "Fringe"), (49, 199), "Color", ("Cream", "Moss", "Clay")),
    "Lamp": (("Paper", "Brass", "Walnut", "Concrete"), (79, 349), "Plug", ("EU", "UK")),
    "Candle": (("Fig", "Cedar", "Smoke", "Honey", "Citrus"), (14, 48), "Size", ("120 g", "240 g")),
    "Poster": (("Alps", "Lighthouse", "Botanical", "Bauhaus"), (24, 89), "Format", ("A3", "A2", "A1")),
}
SERIES: Final = ("", " No. 2", " Classic", " Mini", " Duo", " Studio", " Limited", " Everyday")
BRANDS: Final = ("Nordlicht", "Atelier Ruiz", "Hafen & Sohn", "Kiso", "Maison Verte")


class Variant(NamedTuple):
    """One sellable form: Shopify's numeric ids as integers, the price in EUR."""

    variant_id: int
    inventory_item_id: int
    title: str
    sku: str
    price: float


class Product(NamedTuple):
    """A product of the demo shop; *appeal* is how readily it is put into a cart, 0 to 1."""

    product_id: int
    title: str
    handle: str
    brand: str
    kind: str
    appeal: float
    option: str
    variants: tuple[Variant, ...]


def a_catalogue(rng: random.Random, size: int = 300) -> list[Product]:
    """Make up to *size* products with their variants; the same from the same *rng*."""
    names = [(kind, f"{made}{series}") for kind, (makes, *_) in KINDS.items() for made in makes for series in SERIES]
    rng.shuffle(names)
    return [_product(rng, number, kind, name) for number, (kind, name) in enumerate(names[:size])]


def _product(rng: random.Random, number: int, kind: str, name: str) -> Product:
    _, (low, high), option, values = KINDS[kind]
    product_id = 7_900_000_000_000 + number * 977
    base = rng.randint(low, high) - 0.05
    variants = tuple(
        Variant(
            variant_id=43_700_000_000_000 + number * 9_901 + position,
            inventory_item_id=45_800_000_000_000 + number * 9_901 + position,
            title=value,
            sku=f"{kind[:2].upper()}-{number:03d}-{position + 1}",
            price=round(base * (1 + 0.1 * position), 2),
        )
        for position, value in enumerate(values)
    )
    title = f"{name} {kind}".strip()
    handle = "-".join(title.lower().replace(".", "").split())
    return Product(product_id, title, handle, rng.choice(BRANDS), kind, rng.betavariate(2, 6), option, variants)


def to_webhook(product: Product, updated_at: datetime, *, price_factor: float = 1.0) -> dict[str, Any]:
    """Say *product* as `products/create` and `products/update` do: prices are strings, ids are integers.

    Shape: https://shopify.dev/docs/api/webhooks/latest?reference=toml#list-of-topics-products/create
    """
    stamp = updated_at.astimezone(UTC).isoformat()
    return {
        "admin_graphql_api_id": f"gid://shopify/Product/{product.product_id}",
        "id": product.product_id,
        "title": product.title,
        "handle": product.handle,
        "body_html": f"<p>{product.title} by {product.brand}.</p>",
        "vendor": product.brand,
        "product_type": product.kind,
        "status": "active",
        "tags": f"{product.kind.lower()}, {product.brand.lower()}",
        "published_at": stamp,
        "created_at": stamp,
        "updated_at": stamp,
        "options": [{"name": product.option, "position": 1, "values": [each.title for each in product.variants]}],
        "image": {"src": f"https://cdn.demo-shop.example/{product.handle}.jpg"},
        "images": [{"src": f"https://cdn.demo-shop.example/{product.handle}.jpg"}],
        "variants": [
            {
                "admin_graphql_api_id": f"gid://shopify/ProductVariant/{each.variant_id}",
                "id": each.variant_id,
                "product_id": product.product_id,
                "title": each.title,
                "option1": each.title,
                "sku": each.sku,
                "price": f"{each.price * price_factor:.2f}",
                "compare_at_price": None,
                "inventory_item_id": each.inventory_item_id,
                "inventory_quantity": 5 + each.variant_id % 40,
                "updated_at": stamp,
            }
            for each in product.variants
        ],
    }


def inventory_webhook(variant: Variant, available: int | None, updated_at: datetime) -> dict[str, Any]:
    """Say a stock level as `inventory_levels/update` does; None means not tracked."""
    return {
        "inventory_item_id": variant.inventory_item_id,
        "location_id": 53_716_844_710,
        "available": available,
        "updated_at": updated_at.astimezone(UTC).isoformat(),
        "admin_graphql_api_id": f"gid://shopify/InventoryLevel/53716844710?inventory_item_id={variant.inventory_item_id}",
    }
