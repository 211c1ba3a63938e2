"""The stand-in as a process: what only a real connection shows."""

import socket
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.meta_process import TOKEN, a_running_standin

EVENTS = "/v26.0/1234567890/events"


def a_page_view() -> dict[str, Any]:
    return {
        "event_name": "PageView",
        "event_time": int(time.time()),
        "event_id": str(uuid4()),
        "action_source": "website",
        "event_source_url": "https://shop.test/",
        "user_data": {"external_id": "visitor-1", "client_user_agent": "Mozilla/5.0"},
    }


def a_client(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)


def test_reset_connection_has_no_answer_and_the_events_were_taken() -> None:
    with a_running_standin() as address, a_client(address) as meta:
        meta.post("/_behave", json={"reset_after_accept": {"requests": 1}})
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            meta.post(EVENTS, json={"data": [a_page_view()]})

        assert meta.get("/_received/summary").json()["accepted"] == 1
        assert meta.post(EVENTS, json={"data": [a_page_view()]}).status_code == 200


def test_stalled_request_is_taken_though_its_client_hung_up() -> None:
    with a_running_standin() as address, a_client(address) as meta:
        meta.post("/_behave", json={"stall_seconds": {"seconds": 0.5, "requests": 1}})
        with pytest.raises(httpx.ReadTimeout):
            meta.post(EVENTS, json={"data": [a_page_view()]}, timeout=0.1)
        before = meta.get("/_received/summary").json()["accepted"]
        _wait_until(lambda: meta.get("/_received/summary").json()["accepted"] == 1)

    assert before == 0


def test_client_that_hung_up_before_its_connection_is_reset_is_no_fault_of_the_standin(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with a_running_standin() as address, a_client(address) as meta:
        both = {"stall_seconds": {"seconds": 0.5, "requests": 1}, "reset_after_accept": {"requests": 1}}
        meta.post("/_behave", json=both)
        with pytest.raises(httpx.ReadTimeout):
            meta.post(EVENTS, json={"data": [a_page_view()]}, timeout=0.1)
        _wait_until(lambda: meta.get("/_received/summary").json()["accepted"] == 1)

        assert meta.post(EVENTS, json={"data": [a_page_view()]}).status_code == 200
    assert capfd.readouterr().err == ""


def test_client_killed_in_the_middle_of_its_request_is_no_fault_of_the_standin(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with a_running_standin() as address, a_client(address) as meta:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as half:
            half.sendall(f"POST {EVENTS} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99\r\n\r\n{{".encode())
        _wait_until(lambda: meta.get("/_received/summary").json()["requests_by_status"].get("gone") == 1)

        assert meta.post(EVENTS, json={"data": [a_page_view()]}).status_code == 200
    assert capfd.readouterr().err == ""


def test_killed_process_knows_its_copies_when_it_is_back(tmp_path: Path) -> None:
    event = a_page_view()
    for expected in (False, True):
        with a_running_standin("--state", str(tmp_path / "state.jsonl")) as address, a_client(address) as meta:
            meta.post(EVENTS, json={"data": [event]}).raise_for_status()
            page = meta.get("/_received").json()

        assert page["events"][-1]["duplicate"] is expected


def test_batches_of_a_thousand_events_are_taken() -> None:
    batches = [{"data": [a_page_view() for _ in range(1000)]} for _ in range(10)]
    with a_running_standin() as address, a_client(address) as meta:
        answers = [meta.post(EVENTS, json=batch) for batch in batches]

    assert [answer.json()["events_received"] for answer in answers] == [1000] * len(batches)


def _wait_until(holds: Any, *, within_seconds: float = 10) -> None:
    deadline = time.monotonic() + within_seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
