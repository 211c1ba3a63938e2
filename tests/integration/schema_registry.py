"""A schema registry for tests: Confluent's REST API as far as writers and readers of Avro need it.

It gives one id to one schema, keeps versions per subject, and refuses with 409 what cannot read the version before
(compatibility BACKWARD, Confluent's default).
https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType


class SchemaRegistry:
    """What the registry holds; *schemas* by id is what it starts with. `asked` lists the requests it was sent."""

    def __init__(self, schemas: dict[int, dict[str, Any]] | None = None) -> None:
        self.schemas = dict(schemas or {})
        self.subjects: dict[str, list[int]] = {}
        self.asked: list[str] = []
        self.failure: int | None = None
        """The status to answer everything with, as a registry in trouble does."""
        self.url = ""
        self._lock = Lock()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        with self._lock:
            self.asked.append(f"{method} {path}")
            if self.failure:
                return self.failure, {"error_code": self.failure, "message": "in trouble"}
            if method == "GET" and (match := re.fullmatch(r"/schemas/ids/(\d+)", path)):
                return self._schema(int(match.group(1)))
            if method == "POST" and (match := re.fullmatch(r"/subjects/([^/]+)/versions", path)):
                return self._register(match.group(1), json.loads(body)["schema"])
            return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

    def _schema(self, number: int) -> tuple[int, dict[str, Any]]:
        if number not in self.schemas:
            return 404, {"error_code": 40403, "message": "Schema not found"}
        return 200, {"schema": json.dumps(self.schemas[number])}

    def _register(self, subject: str, text: str) -> tuple[int, dict[str, Any]]:
        try:
            reader = avro.schema.parse(text)
        except avro.schema.SchemaParseException:
            return 422, {"error_code": 42201, "message": "Invalid schema"}
        schema, versions = json.loads(text), self.subjects.setdefault(subject, [])
        for number in versions:
            if self.schemas[number] == schema:
                return 200, {"id": number}
        if versions and not _reads(reader, self.schemas[versions[-1]]):
            return 409, {"error_code": 409, "message": "Schema being registered is incompatible"}
        known = next((number for number, each in self.schemas.items() if each == schema), None)
        number = known or max(self.schemas, default=100) + 1
        self.schemas[number] = schema
        versions.append(number)
        return 200, {"id": number}


def _reads(reader: Any, written: dict[str, Any]) -> bool:
    writer = avro.schema.parse(json.dumps(written))
    verdict = ReaderWriterCompatibilityChecker().get_compatibility(reader, writer)
    return verdict.compatibility is SchemaCompatibilityType.compatible


@contextmanager
def running_registry(registry: SchemaRegistry) -> Iterator[SchemaRegistry]:
    """Serve *registry* on a free port of 127.0.0.1; its `url` is set."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            status, value = registry.answer(self.command, self.path.partition("?")[0], body)
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing: `asked` tells."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        registry.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()
