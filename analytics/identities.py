"""Tells in words why some browsers are one person: rows come in, sentences go out. Pure.

`storestream identities why ID` prints them; `analytics.evidence` reads the rows. docs/identity.md explains the rules.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from analytics.purchases import Purchase, attribution
from schemas.identifiers import person_id

UNLINK: Final = "unlink"
CONTESTED: Final = "contested"

_USED: Final = ("checkout", "checkout_completed", "cart")
_CART: Final = "cart:"
"""What stands before a cart where a checkout is expected: the shop named no checkout."""
_EVER: Final = datetime(1970, 1, 1)


class Device(NamedTuple):
    """One browser: from `starts[i]` on it is `customers[i]`, '' being nobody known; no starts: nobody ever."""

    visitor_id: str
    client_id: str
    events: int
    first_seen_at: datetime
    last_seen_at: datetime
    device: str
    starts: tuple[datetime, ...]
    customers: tuple[str, ...]


class Evidence(NamedTuple):
    """One row of `identity_log`, with the name and the path of the event that showed it; '' where there is none."""

    link_id: str
    action: str
    visitor_id: str
    customer_id: str
    reason: str
    checkout_token: str
    order_id: str
    event_id: str
    event_name: str
    path: str
    occurred_at: datetime
    received_at: datetime


class Known(NamedTuple):
    """All that an id leads to: it was *asked* for and is *known_as* a visitor, visit, customer, person, order, ..."""

    shop_id: str
    asked: str
    known_as: str
    customers: tuple[str, ...]
    devices: tuple[Device, ...]
    evidence: tuple[Evidence, ...]
    purchases: tuple[Purchase, ...] = ()


def story(known: Known) -> list[str]:
    """Say who it is, by which evidence, from when on, on which browsers, and what was taken back."""
    article = "an" if known.known_as == "order" else "a"
    told = [f"{known.asked} is {article} {known.known_as} of shop {known.shop_id}."]
    told += map(attribution, known.purchases)
    for customer in known.customers:
        told += ["", *_customer(known, customer)]
    if not known.customers and not known.devices:
        told.append("It names no customer, and no browser told of it.")
    nobodys = [device for device in known.devices if not any(device.customers)]
    for device in nobodys:
        told += ["", f"{_browser(device)} is a person of its own, {device.visitor_id}: {_why_nobody(known, device)}"]
        told += _reasons(known, device, "")
    return told


def _customer(known: Known, customer: str) -> Iterator[str]:
    devices = [device for device in known.devices if customer in device.customers]
    count = {0: "No browser is", 1: "1 browser is"}.get(len(devices), f"{len(devices)} browsers are")
    yield f"Customer {customer} is person {person_id(known.shop_id, customer)}. {count} linked to it{_seen(devices)}."
    for device in devices:
        yield f"- {_browser(device)}: {_times(device)}"
        yield from _reasons(known, device, customer)
    shown = {each.visitor_id for each in known.evidence if shows_customer(each) and each.customer_id == customer}
    for device in known.devices:
        if device.visitor_id in shown and customer not in device.customers:
            yield f"- {_browser(device)}: not linked to it any more, or not yet"
            yield from _reasons(known, device, customer)


def _seen(devices: Sequence[Device]) -> str:
    seen = [device for device in devices if device.events]
    if not seen:
        return ""
    first, last = min(each.first_seen_at for each in seen), max(each.last_seen_at for each in seen)
    return f", seen from {_at(first)} to {_at(last)}"


def _browser(device: Device) -> str:
    kind = f"{device.device} " if device.device not in ("", "unknown") else ""
    count = "1 event" if device.events == 1 else f"{device.events} events"
    return f"{kind}browser {device.client_id or device.visitor_id} ({count})"


def _times(device: Device) -> str:
    """Say whose the browser is from when on."""
    if len(device.starts) == 1 and device.starts[0] <= _EVER:
        return f"all of it is {device.customers[0]}'s, as no other customer was ever seen on it"
    ends = [*map(_at, device.starts[1:]), "now"]
    spells = [
        f"{customer} from {'the beginning' if start <= _EVER else _at(start)} to {end}"
        for start, end, customer in zip(device.starts, ends, device.customers, strict=True)
        if customer
    ]
    return f"shared, so only visits with evidence are anybody's: {', '.join(spells)}"


def _why_nobody(known: Known, device: Device) -> str:
    told = [each for each in known.evidence if each.visitor_id == device.visitor_id]
    if not any(shows_customer(each) for each in told):
        return "nothing has linked it to a customer yet."
    if any(each.action == UNLINK for each in told):
        return "it was taken from its customer again."
    return "evidence has come, and has not been stitched yet."


def _reasons(known: Known, device: Device, customer: str) -> list[str]:
    """List what concerns *customer* on the browser, and what concerns nobody in particular, each once."""
    told = [
        f"    {_at(each.occurred_at)}  {sentence(each)}{_taken_back(each, known.evidence)}"
        for each in known.evidence
        if each.visitor_id == device.visitor_id and (not customer or _whose(each, device) in ("", customer))
    ]
    return list(dict.fromkeys(told))


def _whose(evidence: Evidence, device: Device) -> str:
    """Name the customer whom *evidence* concerns: of the use of a checkout who the browser's was then, as known now."""
    if evidence.reason not in _USED:
        return evidence.customer_id
    place = bisect_right(device.starts, evidence.occurred_at)
    return device.customers[place - 1] if place else ""


def sentence(evidence: Evidence) -> str:
    """Say what one piece of evidence tells."""
    whom = f"customer {evidence.customer_id}" if evidence.customer_id else "every customer"
    if evidence.reason == CONTESTED:
        return f"contested: too many browsers used {_checkout(evidence.checkout_token)}; its orders say nothing of them"
    if evidence.action == UNLINK:
        why = "" if evidence.reason == UNLINK else f" ({evidence.reason})"
        return f"unlinked{why}: what was received until {_at(evidence.received_at)} no longer says {whom}"
    checkout = _checkout(evidence.checkout_token)
    match evidence.reason:
        case "login":
            return f"login: {_event(evidence)} named {whom}"
        case "order":
            return f"order: order {evidence.order_id} of {whom} was made in {checkout}, which this browser had used"
        case "cart":
            return f"cart: {checkout} was completed with the cart this browser had seen last, and named no order"
        case "checkout" | "checkout_completed":
            return f"{evidence.reason}: {_event(evidence)} used {checkout}"
        case other:
            return f"{other}: {_event(evidence)} linked {whom}"


def _checkout(token: str) -> str:
    if token.startswith(_CART):
        return f"cart {token.removeprefix(_CART)}"
    return f"checkout {token}" if token else "the checkout without a token"


def _event(evidence: Evidence) -> str:
    what = " ".join(part for part in (evidence.event_name, evidence.path) if part)
    return f"event {evidence.event_id}" + (f" ({what})" if what else "")


def shows_customer(evidence: Evidence) -> bool:
    """Tell whether it says whose the browser is, and not only that it used a checkout."""
    return evidence.action != UNLINK and bool(evidence.customer_id) and evidence.reason not in _USED


def _taken_back(each: Evidence, evidence: Sequence[Evidence]) -> str:
    unlink = unlink_of(each, evidence) if shows_customer(each) else None
    return f"  [taken back {_at(unlink.received_at)}]" if unlink is not None else ""


def unlink_of(each: Evidence, evidence: Sequence[Evidence]) -> Evidence | None:
    """Find the first unlink that takes *each* back, if one does."""
    for other in evidence:
        if other.action == UNLINK and other.visitor_id == each.visitor_id and _reaches(other, each):
            return other
    return None


def _reaches(unlink: Evidence, each: Evidence) -> bool:
    """What is contested, a checkout or a customer, says nothing for ever; else what came until then is taken back."""
    if unlink.customer_id not in ("", each.customer_id):
        return False
    if unlink.reason == CONTESTED:
        return unlink.checkout_token in ("", each.checkout_token, f"order:{each.order_id}")
    return unlink.received_at >= each.received_at


def _at(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"
