"""Whether Meta refuses single events, or whatever it is sent: then none of them is to blame, and none should be lost.

In: what was accepted, and each failure. Out: the failure, as what it is to be taken.
"""

from connectors.meta.failures import REFUSALS, Failure


class Suspicion:
    """Counts the events refused alone, one after the other and alike, with none accepted between."""

    def __init__(self, enough: int) -> None:
        """Take how many are *enough* to suspect that everything is refused."""
        self._enough = enough
        self._alike: tuple[int | None, int | None] | None = None
        self._count = 0

    def accepted(self) -> None:
        """Note that Meta took something."""
        self._alike, self._count = None, 0

    def judged(self, failure: Failure, *, alone: bool) -> Failure:
        """Return *failure*, of an event sent *alone* or of a batch; `refusing` when enough were refused like it.

        What Meta says of the event in so many words, such as its age, is never suspicious.
        """
        if failure.kind != "permanent" or failure.subcode in REFUSALS:
            return failure
        alike = failure.code, failure.subcode
        if alike == self._alike and self._count >= self._enough:
            return failure._replace(kind="refusing")
        if alone:
            self._count = self._count + 1 if alike == self._alike else 1
            self._alike = alike
        return failure
