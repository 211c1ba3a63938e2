"""The servers `storestream up` starts where no address is configured, each a real engine behind its protocol."""

from schemas.errors import StorestreamError


class ServerError(StorestreamError):
    """A local server cannot run; the text says why and what to do about it, for the person at the terminal."""
