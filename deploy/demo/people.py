"""The demo's shoppers: invented buyers, their browsers, and how they come to the shop."""

import random
from typing import Final, NamedTuple

from deploy.demo.wire import SHOP_HOST, Buyer, Device

FIRST_NAMES: Final = (
    "Ada",
    "Björn",
    "Chloé",
    "Dario",
    "Elif",
    "Finn",
    "Greta",
    "Hugo",
    "Inês",
    "Jonas",
    "Kaja",
    "Luca",
)
LAST_NAMES: Final = ("Sommer", "O'Neill", "Garcia", "Van Dyk", "Kowalska", "Müller", "Rossi", "Lindqvist", "Dubois")
PLACES: Final = (
    ("DE", "Berlin", "10115", "+49 30 555"),
    ("DE", "München", "80331", "+49 89 555"),
    ("FR", "Lyon", "69001", "+33 4 72 55"),
    ("NL", "Utrecht", "3511 AB", "+31 30 555"),
    ("AT", "Wien", "1010", "+43 1 555"),
    ("ES", "Sevilla", "41001", "+34 955 55"),
)
BROWSERS: Final = (
    (
        4,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    ),
    (3, "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36"),
    (3, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"),
    (2, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15"),
    (1, "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Safari/604.1"),
)
ARRIVALS: Final = (
    # weight, query of the first page, referrer
    (5, "", ""),
    (4, "utm_source=facebook&utm_medium=paid&utm_campaign=autumn&fbclid={click}", "https://l.facebook.com/"),
    (3, "", "https://www.google.com/"),
    (2, "utm_source=newsletter&utm_medium=email&utm_campaign=week-46", ""),
    (2, "utm_source=instagram&utm_medium=social&utm_campaign=reels", "https://l.instagram.com/"),
    (1, "utm_source=google&utm_medium=cpc&utm_campaign=brand&gclid={click}", "https://www.google.com/"),
)


class Shopper(NamedTuple):
    """One person (or one shared device) and how they behave."""

    buyer: Buyer
    devices: tuple[Device, ...]
    logs_in: bool
    consents: bool
    visits: int
    eagerness: float
    shares_device_with: Buyer | None


def hexadecimal(rng: random.Random, digits: int) -> str:
    """Make an id of *digits* hexadecimal digits."""
    return f"{rng.getrandbits(digits * 4):0{digits}x}"


def a_uuid(rng: random.Random) -> str:
    """Make an id that looks as Shopify's client ids do."""
    text = hexadecimal(rng, 32)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def a_buyer(rng: random.Random, number: int, *, registered: bool) -> Buyer:
    """Invent a buyer; only the *registered* have a customer id."""
    country, city, zip_code, dial = rng.choice(PLACES)
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    email = f"shopper{number}@mail.example"
    customer_id = 6_900_000_000_000 + number * 31 if registered else None
    return Buyer(customer_id, email, f"{dial} {rng.randint(1000, 9999)}", first, last, city, zip_code, country)


def a_device(rng: random.Random, born: int) -> Device:
    """Make a browser first seen at *born* (milliseconds)."""
    agents, weights = [agent for _, agent in BROWSERS], [weight for weight, _ in BROWSERS]
    fbp = f"fb.1.{born}.{rng.randint(10**8, 2**31 - 1)}" if rng.random() < 0.8 else None
    address = f"198.51.100.{rng.randint(1, 254)}"
    language = rng.choice(("de-DE", "en-GB", "fr-FR", "nl-NL", "es-ES"))
    return Device(a_uuid(rng), rng.choices(agents, weights)[0], language, fbp, address)


def a_shopper(rng: random.Random, number: int, born: int) -> Shopper:
    """Invent a shopper: most are anonymous, some return, some have two devices, a few share one."""
    registered = rng.random() < 0.45
    devices = tuple(a_device(rng, born) for _ in range(2 if registered and rng.random() < 0.5 else 1))
    sharing = registered and len(devices) == 1 and rng.random() < 0.12
    return Shopper(
        buyer=a_buyer(rng, number, registered=registered),
        devices=devices,
        logs_in=registered and rng.random() < 0.7,
        consents=rng.random() < 0.9,
        visits=rng.choices((1, 2, 3, 4), (30, 35, 20, 15) if registered else (65, 22, 9, 4))[0],
        eagerness=rng.betavariate(2, 4),
        shares_device_with=a_buyer(rng, number + 1_000_000, registered=True) if sharing else None,
    )


def an_arrival(rng: random.Random) -> tuple[str, str]:
    """Choose how a visit begins: the URL of its first page, and the page it came from."""
    weights = [weight for weight, *_ in ARRIVALS]
    _, query, referrer = rng.choices(ARRIVALS, weights)[0]
    click = "IwAR" + hexadecimal(rng, 24).upper() if query else ""
    return f"https://{SHOP_HOST}/" + (f"?{query.format(click=click)}" if query else ""), referrer
