"""ClickHouse's errors: codes, the text a client is shown, and the HTTP status that goes with them.

Codes: https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
"""

import re
from typing import Final, Literal

ErrorName = Literal[
    "NOT_IMPLEMENTED",
    "SYNTAX_ERROR",
    "QUERY_IS_TOO_LARGE",
    "UNKNOWN_FORMAT",
    "UNKNOWN_COMPRESSION_METHOD",
    "READONLY",
    "TOO_MANY_SIMULTANEOUS_QUERIES",
    "EMPTY_QUERY",
    "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
    "NOT_ENOUGH_SPACE",
    "CANNOT_DECOMPRESS",
    "CHECKSUM_DOESNT_MATCH",
    "INTO_OUTFILE_NOT_ALLOWED",
    "SESSION_NOT_FOUND",
    "SESSION_IS_LOCKED",
    "INVALID_SESSION_TIMEOUT",
    "SETTING_CONSTRAINT_VIOLATION",
    "ACCESS_DENIED",
    "AUTHENTICATION_FAILED",
    "BAD_ARGUMENTS",
]
CODES: Final[dict[ErrorName, int]] = {
    "BAD_ARGUMENTS": 36,
    "CHECKSUM_DOESNT_MATCH": 40,
    "NOT_IMPLEMENTED": 48,
    "SYNTAX_ERROR": 62,
    "UNKNOWN_FORMAT": 73,
    "UNKNOWN_COMPRESSION_METHOD": 89,
    "READONLY": 164,
    "TOO_MANY_SIMULTANEOUS_QUERIES": 202,
    "EMPTY_QUERY": 211,
    "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING": 216,
    "NOT_ENOUGH_SPACE": 243,
    "CANNOT_DECOMPRESS": 271,
    "QUERY_IS_TOO_LARGE": 278,
    "INTO_OUTFILE_NOT_ALLOWED": 358,
    "SESSION_NOT_FOUND": 372,
    "SESSION_IS_LOCKED": 373,
    "INVALID_SESSION_TIMEOUT": 374,
    "SETTING_CONSTRAINT_VIOLATION": 452,
    "ACCESS_DENIED": 497,
    "AUTHENTICATION_FAILED": 516,
}
# https://github.com/ClickHouse/ClickHouse/blob/master/src/Server/HTTP/exceptionCodeToHTTPStatus.cpp
_STATUSES: Final = {
    400: {6, 26, 27, 36, 38, 41, 62, 63, 65, 66, 67, 69, 72, 117, 130, 211, 386, 456, 457},
    401: {194, 516},
    403: {192, 193},
    404: {46, 47, 50, 60, 73, 78, 81, 115, 137},
    408: {159},
    413: {278},
    411: {381},
    501: {48},
    503: {76, 209},
}
_STATUS_OF: Final = {code: status for status, codes in _STATUSES.items() for code in codes}
_CODE = re.compile(r"Code: (\d+)\.")
_UNCODED: Final = 1002  # UNKNOWN_EXCEPTION
_NO_MEMORY: Final = 241

ENGINE_ERRORS: Final = (RuntimeError, MemoryError, UnicodeDecodeError)
"""What chdb raises: its own as RuntimeError, or, where it quotes bytes that are no text, as UnicodeDecodeError of the
message; memory it could not get while it hands over a result."""


class QueryError(Exception):
    """What a client is told: *text* as ClickHouse words it, and its *code*."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def status(self) -> int:
        """The HTTP status ClickHouse answers this code with."""
        return _STATUS_OF.get(self.code, 500)


def refusal(name: ErrorName, message: str) -> QueryError:
    """Word an error of our own as ClickHouse would."""
    return QueryError(CODES[name], f"Code: {CODES[name]}. DB::Exception: {message} ({name})")


def from_engine(error: Exception) -> QueryError:
    """Read an error of the engine: one of ENGINE_ERRORS, or one that nobody expected."""
    if isinstance(error, MemoryError):
        return QueryError(_NO_MEMORY, f"Code: {_NO_MEMORY}. DB::Exception: No memory for it (MEMORY_LIMIT_EXCEEDED)")
    told = error.object.decode(errors="replace") if isinstance(error, UnicodeDecodeError) else str(error)
    text = told.strip()
    found = _CODE.search(text)
    if found:
        return QueryError(int(found[1]), text[found.start() :])
    return QueryError(_UNCODED, f"Code: {_UNCODED}. DB::Exception: {text} (UNKNOWN_EXCEPTION)")
