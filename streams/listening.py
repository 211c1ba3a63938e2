"""Answers `/metrics` for Prometheus on a port of its own."""

from prometheus_client import CollectorRegistry, start_http_server

from schemas.errors import ConfigurationError


def listen_for_metrics(setting: str, port: int, registry: CollectorRegistry) -> None:
    """Answer `/metrics` on *port*, which *setting* names.

    Raises:
        ConfigurationError: that port is not free.
    """
    try:
        start_http_server(port, registry=registry)
    except OSError as exc:
        raise ConfigurationError(f"{setting}: nothing can listen there: {exc.strerror}") from None
