"""How answers of Meta are read: what may be sent again, what is refused, and how long to rest."""

from typing import Any

import orjson
import pytest

from connectors.meta.failures import Accepted, Failure, read_answer, refuse_reason
from connectors.meta.usage import LONGEST_SECONDS, UNTOLD_SECONDS, pause_seconds


def an_error(code: int, subcode: int | None = None, **more: Any) -> bytes:
    error = {"message": "Ungültiger Parameter", "type": "OAuthException", "code": code, "fbtrace_id": "Atrace"}
    return orjson.dumps({"error": error | ({} if subcode is None else {"error_subcode": subcode}) | more})


def business_usage(minutes: int) -> dict[str, str]:
    use = {"type": "ads_management", "call_count": 100, "estimated_time_to_regain_access": minutes}
    return {"x-business-use-case-usage": orjson.dumps({"1000": [use]}).decode()}


def test_success_carries_the_trace() -> None:
    body = b'{"events_received":3,"messages":[],"fbtrace_id":"Atrace"}'

    assert read_answer(200, {}, body) == Accepted(200, "Atrace")


def test_success_counts_what_meta_remarks() -> None:
    body = b'{"events_received":3,"messages":["a","b"],"fbtrace_id":"Atrace"}'

    assert read_answer(200, {}, body) == Accepted(200, "Atrace", messages=2)
    assert read_answer(200, {}, body.replace(b'["a","b"]', b'"a"')) == Accepted(200, "Atrace")


@pytest.mark.parametrize(
    ("status", "code", "subcode", "kind"),
    [
        (400, 100, 2804003, "permanent"),
        (400, 100, 2804009, "permanent"),
        (400, 100, 2804050, "permanent"),
        (400, 100, None, "permanent"),
        (400, 4711, None, "permanent"),
        (400, 100, 33, "token"),
        (401, 190, None, "token"),
        (401, 190, 463, "token"),
        (400, 102, None, "token"),
        (403, 10, None, "token"),
        (403, 294, None, "token"),
        (400, 2500, None, "token"),
        (400, 2635, None, "token"),
        (400, 104, None, "token"),
        (400, 4, None, "throttled"),
        (400, 17, None, "throttled"),
        (400, 613, 1996, "throttled"),
        (400, 80004, 2446079, "throttled"),
        (400, 80014, None, "throttled"),
        (500, 1, None, "transient"),
        (500, 2, None, "transient"),
        (500, 4711, None, "transient"),
        (400, 5000, None, "transient"),
        (400, 21009, None, "transient"),
    ],
)
def test_each_error_is_of_one_kind(status: int, code: int, subcode: int | None, kind: str) -> None:
    answer = read_answer(status, {}, an_error(code, subcode))

    assert isinstance(answer, Failure)
    assert (answer.kind, answer.code, answer.subcode, answer.trace_id) == (kind, code, subcode, "Atrace")


def test_unknown_error_that_says_it_passes_is_tried_again() -> None:
    answer = read_answer(400, {}, an_error(4711, is_transient=True))

    assert isinstance(answer, Failure)
    assert answer.kind == "transient"


def test_too_much_at_once_is_split() -> None:
    for answer in (read_answer(400, {}, an_error(1, is_transient=False)), read_answer(413, {}, b"too large")):
        assert isinstance(answer, Failure)
        assert answer.kind == "split"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (502, b"<html>502 Bad Gateway</html>"),
        (200, b"<html>hello</html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"events_received":"3"}'),
        (500, b"\xff\xfe"),
        (200, b""),
    ],
)
def test_what_is_no_answer_of_the_graph_api_is_tried_again(status: int, body: bytes) -> None:
    answer = read_answer(status, {}, body)

    assert isinstance(answer, Failure)
    assert (answer.kind, answer.http_status) == ("transient", status)


def test_limit_rests_as_many_minutes_as_the_headers_say() -> None:
    answer = read_answer(400, business_usage(7), an_error(80004))

    assert isinstance(answer, Failure)
    assert answer.pause_seconds == 7 * 60


def test_limit_without_a_word_on_time_rests_a_minute() -> None:
    answer = read_answer(400, {}, an_error(17))

    assert isinstance(answer, Failure)
    assert answer.pause_seconds == UNTOLD_SECONDS


def test_limit_that_may_be_tried_again_at_once_rests_a_minute_too() -> None:
    answer = read_answer(429, {"retry-after": "0"}, an_error(4))

    assert isinstance(answer, Failure)
    assert (answer.kind, answer.pause_seconds) == ("throttled", UNTOLD_SECONDS)


def test_success_at_full_usage_rests_too() -> None:
    headers = {"x-app-usage": '{"call_count":100,"total_time":3,"total_cputime":3}'}

    assert read_answer(200, headers, b'{"events_received":1}') == Accepted(200, None, UNTOLD_SECONDS)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
        ({"retry-after": "9" * 20}, LONGEST_SECONDS),
        ({"x-business-use-case-usage": "no json"}, 0.0),
        ({"x-business-use-case-usage": '[{"estimated_time_to_regain_access":3}]'}, 0.0),
        ({"x-app-usage": '{"call_count":99}'}, 0.0),
        (business_usage(0), 0.0),
        (business_usage(2) | {"retry-after": "5"}, 120.0),
    ],
)
def test_rest_is_the_longest_the_headers_ask_for(headers: dict[str, str], seconds: float) -> None:
    assert pause_seconds(headers, throttled=False) == seconds


def test_refusals_that_validation_should_have_seen_say_so() -> None:
    assert refuse_reason(Failure("permanent", 400, 100, 2804009)) == "refused_without_value"
    assert refuse_reason(Failure("permanent", 400, 100, 2804001)) == "refused_by_meta"
