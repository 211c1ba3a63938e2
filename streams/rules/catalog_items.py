"""What is to be sent of an item: the difference between what a shop wants and what its receipts say Meta has; pure.

Whatever was lost on the way, the difference is the same again: no other memory is needed than the last receipts.
"""

from typing import Final, Literal, NamedTuple

from schemas.records import EpochMillis

Method = Literal["CREATE", "UPDATE", "DELETE"]
Status = Literal["pending", "accepted", "rejected", "skipped"]

FIRST_RETRY_SECONDS: Final = 2.0
LONGEST_RETRY_SECONDS: Final = 300.0
ALERT_FAILURES: Final = 3


class Sent(NamedTuple):
    """The last receipt of an item, as far as it matters. *digest*: of what was sent; None for a deletion.

    A pending one without *handle* may or may not be with Meta: it was about to be sent when its process ended.
    *doubtful*: see `is_doubtful`; of one that is pending.
    """

    product_id: str
    status: Status
    digest: int | None
    changed_at: EpochMillis
    handle: str | None = None
    job_id: str | None = None
    attempts: int = 0
    failures: int = 0
    doubtful: bool = False

    @property
    def is_at_meta(self) -> bool:
        """Whether Meta may have the item, in whatever form."""
        return self.status != "skipped"


def difference(digest: int | None, sent: Sent | None, *, again: bool = False) -> Method | None:
    """Decide what to send, if anything. *digest*: of the item as it should be, None where it should not be.

    *again*: also what Meta has accepted or rejected as it is.
    """
    if sent is None or not sent.is_at_meta:
        return "CREATE" if digest is not None else None
    if digest is None:
        told = sent.digest is None and sent.status == "rejected"  # Meta would not delete it: only when asked to
        return None if told and not again else "DELETE"
    if sent.digest == digest and sent.status in ("accepted", "rejected") and not again:
        return None
    return "UPDATE"


def is_doubtful(digest: int | None, sent: Sent | None) -> bool:
    """Tell whether Meta may yet do something else with an item than what is sent now.

    A request whose outcome is unknown may be done after the next one: Meta promises no order. So what replaces it is
    sent once more when it must be over; also where what replaces it was lost on its way itself.
    """
    if sent is None or sent.status != "pending" or sent.handle is not None:
        return False
    return sent.doubtful or sent.digest != digest


def attempts_of(digest: int | None, sent: Sent | None) -> int:
    """Count how often this state of an item has been sent, with the sending that comes."""
    repeated = sent is not None and sent.digest == digest and sent.status == "pending"
    return sent.attempts + 1 if repeated and sent is not None else 1


def retry_seconds(attempts: int, dice: float) -> float:
    """Return how long an item rests after *attempts* that failed for what may pass; *dice* is in [0, 1)."""
    longest = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(max(attempts, 1) - 1, 20))
    return float(longest * (1.0 - dice / 2))


def raises_alert(failures: int) -> bool:
    """Tell whether this rejection in a row is the one to tell a person of."""
    return failures == ALERT_FAILURES
