"""Why browsers are one person, in words."""

from datetime import datetime, timedelta
from typing import Any

from analytics.identities import Device, Evidence, Known, sentence, story
from analytics.purchases import Purchase, attribution
from schemas.identifiers import person_id

NOON = datetime(2026, 10, 26, 12)
EVER = datetime(1970, 1, 1)
ORDER = "order: order {} of customer ada was made in checkout tok, which this browser had used"


def a_device(**changes: Any) -> Device:
    device = Device("v1", "client-1", 12, NOON, NOON + timedelta(hours=1), "mobile", (EVER,), ("ada",))
    return device._replace(**changes)


def a_login(**changes: Any) -> Evidence:
    login = Evidence(
        link_id="l1",
        action="link",
        visitor_id="v1",
        customer_id="ada",
        reason="login",
        checkout_token="",
        order_id="",
        event_id="sh-1",
        event_name="page_viewed",
        path="/account",
        occurred_at=NOON,
        received_at=NOON + timedelta(seconds=1),
    )
    return login._replace(**changes)


def an_unlink(**changes: Any) -> Evidence:
    later = NOON + timedelta(days=1)
    unlink = a_login(action="unlink", reason="unlink", event_id="", event_name="", path="")
    return unlink._replace(occurred_at=later, received_at=later)._replace(**changes)


def known(*devices: Device, evidence: tuple[Evidence, ...] = (), customers: tuple[str, ...] = ("ada",)) -> Known:
    return Known("demo", "client-1", "client", customers, devices, evidence)


def test_a_customer_is_told_with_each_browser_and_what_links_it() -> None:
    order = a_login(visitor_id="v2", reason="order", checkout_token="tok", order_id="o1", event_id="p1")
    other = a_device(visitor_id="v2", client_id="client-2", events=1, device="unknown")
    told = story(known(a_device(), other, evidence=(a_login(), order)))

    assert told == [
        "client-1 is a client of shop demo.",
        "",
        f"Customer ada is person {person_id('demo', 'ada')}. 2 browsers are linked to it, "
        "seen from 2026-10-26 12:00:00 to 2026-10-26 13:00:00.",
        "- mobile browser client-1 (12 events): all of it is ada's, as no other customer was ever seen on it",
        "    2026-10-26 12:00:00  login: event sh-1 (page_viewed /account) named customer ada",
        "- browser client-2 (1 event): all of it is ada's, as no other customer was ever seen on it",
        f"    2026-10-26 12:00:00  {ORDER.format('o1')}",
    ]


def test_a_shared_browser_tells_each_customers_spells_and_only_their_evidence() -> None:
    shared = a_device(starts=(EVER, NOON, NOON + timedelta(minutes=5)), customers=("ada", "", "bob"))
    told = "\n".join(story(known(shared, evidence=(a_login(), a_login(customer_id="bob")), customers=("ada", "bob"))))

    assert told.count("ada from the beginning to 2026-10-26 12:00:00, bob from 2026-10-26 12:05:00 to now") == 2
    assert (told.count("named customer ada"), told.count("named customer bob")) == (1, 1)


def test_a_checkout_on_a_shared_browser_is_told_of_whom_it_was_not_of_whom_it_seemed_to_be_then() -> None:
    later = NOON + timedelta(days=1)
    shared = a_device(starts=(NOON, later), customers=("ada", "bob"))
    first = a_login(reason="checkout_completed", event_id="sh-1", customer_id="", checkout_token="adas")
    other = a_login(
        reason="checkout_completed", event_id="sh-2", customer_id="ada", checkout_token="bobs", occurred_at=later
    )
    told = "\n".join(story(known(shared, evidence=(first, other), customers=("ada", "bob"))))

    adas, bobs = told.split("Customer bob is")
    assert ("used checkout adas" in adas, "used checkout bobs" in adas) == (True, False)
    assert ("used checkout adas" in bobs, "used checkout bobs" in bobs) == (False, True)


def test_an_unlink_marks_what_it_takes_back_and_not_what_came_later_or_is_anothers() -> None:
    again = a_login(event_id="sh-2", received_at=NOON + timedelta(days=2))
    bobs = a_login(event_id="sh-3", customer_id="bob")
    told = story(known(a_device(), evidence=(a_login(), bobs, an_unlink(), again), customers=("ada", "bob")))

    marked = [line for line in told if "[taken back 2026-10-27 12:00:00]" in line]
    assert len(marked) == 1
    assert "sh-1" in marked[0]
    assert any("unlinked: what was received until 2026-10-27 12:00:00 no longer says customer ada" in x for x in told)


def test_a_contested_checkout_takes_back_its_own_orders_only_and_for_ever() -> None:
    via = {"reason": "order", "received_at": NOON + timedelta(days=9)}
    contested = an_unlink(reason="contested", customer_id="", checkout_token="tok")
    orders = tuple(a_login(checkout_token=token, order_id=token, **via) for token in ("tok", "other"))
    told = story(known(a_device(), evidence=(*orders, contested)))

    assert [line for line in told if "taken back" in line] == [
        f"    2026-10-26 12:00:00  {ORDER.format('tok')}  [taken back 2026-10-27 12:00:00]"
    ]
    assert any("contested: too many browsers used checkout tok" in line for line in told)


def test_a_browser_nobody_is_known_behind_says_why() -> None:
    alone = a_device(starts=(), customers=())
    reasons = {
        "nothing has linked it": (a_login(reason="checkout", customer_id="", checkout_token="tok"),),
        "it was taken from its customer again": (a_login(), an_unlink()),
        "has not been stitched yet": (a_login(),),
    }

    for words, evidence in reasons.items():
        told = story(known(alone, evidence=evidence, customers=()))
        assert f"is a person of its own, v1: {words}" in told[2] or words in told[2]
        assert len(told) == 3 + len(evidence)


def test_an_order_nobody_is_known_behind_says_so() -> None:
    assert story(known(customers=()))[1:] == ["It names no customer, and no browser told of it."]
    assert "No browser is linked to it" in story(known())[2]


def a_purchase(**changes: Any) -> Purchase:
    purchase = Purchase("o1", "matched", "tok", "client-1", NOON, True, NOON - timedelta(hours=1), "mail", "autumn")
    return purchase._replace(**changes)


def test_a_purchase_names_its_visit_and_why_or_that_none_is_known() -> None:
    (told,) = story(known(customers=())._replace(purchases=(a_purchase(),)))[1:2]

    assert told == (
        "Order o1 of 2026-10-26 12:00:00 is matched: the shop's webhook and the browser's pixel met on it. "
        "It belongs to the visit of 2026-10-26 11:00:00 (from mail, campaign autumn) of browser client-1, "
        "which completed checkout tok."
    )
    assert attribution(a_purchase(match="webhook_only", campaign="")).endswith("the last that used checkout tok.")
    assert "it belongs to none" in attribution(a_purchase(visit_known=False))


def test_a_reason_without_words_of_its_own_is_still_told() -> None:
    assert sentence(a_login(reason="imported")) == "imported: event sh-1 (page_viewed /account) linked customer ada"
    assert "(mistake)" in sentence(an_unlink(reason="mistake"))
    assert "used the checkout without a token" in sentence(a_login(reason="checkout_completed"))
    assert "was made in cart c1, which" in sentence(a_login(reason="order", checkout_token="cart:c1"))
    assert sentence(a_login(reason="cart", customer_id="", checkout_token="tok")).startswith("cart: checkout tok was")
