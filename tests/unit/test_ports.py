"""Which ports are chosen for servers."""

import socket

import pytest

from deploy.ports import LOOPBACK, free_port
from schemas.errors import ConfigurationError


def test_a_port_is_of_the_range_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORESTREAM_PORTS", "31990-31999")

    chosen = {free_port() for _ in range(50)}

    assert chosen <= set(range(31_990, 32_000))
    assert len(chosen) > 1


def test_where_none_of_the_range_is_free_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("STORESTREAM_PORTS", f"{port}-{port}")

        with pytest.raises(ConfigurationError, match="no free port"):
            free_port()


@pytest.mark.parametrize("ports", ["http", "20000", "31999-20000", "0-10", "60000-70000", "-5", "1-2-3"])
def test_what_is_no_range_is_refused_by_the_settings_name(ports: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORESTREAM_PORTS", ports)

    with pytest.raises(ConfigurationError, match=r"^STORESTREAM_PORTS must be a range of ports"):
        free_port()
