"""What every stand-in can be told to do: fail the next requests, and remember which were made."""

from collections import deque
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


@dataclass
class Stage:
    """Answers to give instead of the real ones, first to last; and the requests made, as path and query."""

    failures: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    requests: list[str] = field(default_factory=list)

    def fail(self, status: int, *, times: int = 1, **headers: str) -> None:
        """Answer the next *times* requests with *status*; `retry_after="1"` becomes the header Retry-After."""
        self.failures.extend([(status, {name.replace("_", "-"): text for name, text in headers.items()})] * times)

    def played(self, request: Request) -> Response | None:
        """Note the request, and return the failure to answer it with, if there is one."""
        self.requests.append(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
        if not self.failures:
            return None
        status, headers = self.failures.popleft()
        return JSONResponse({"message": "played"}, status, headers)
