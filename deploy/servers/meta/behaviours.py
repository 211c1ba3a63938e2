"""
The ways the stand-in can be told to misbehave: what `POST /_behave` takes, checked.

Every behaviour may be bounded by `requests` (how many requests it hits), `for_seconds`, and `rate` (the share of
requests it hits, drawn from a seeded generator). A field left out stays as it is; `null` or `false` ends a behaviour.
"""

from hashlib import sha256
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

# Limits by app, user, page and ad account, and the business use case limits (80000-80014).
ThrottleCode = Literal[4, 17, 32, 341, 613, 80000, 80001, 80002, 80003, 80004, 80005, 80006, 80008, 80009, 80014]


class Behaviour(BaseModel):
    """What every behaviour can be bounded by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests: int | None = Field(default=None, ge=1, description="Hit this many requests, then end.")
    for_seconds: float | None = Field(default=None, gt=0, description="End after this time.")
    rate: float = Field(default=1.0, gt=0, le=1, description="Hit this share of requests.")
    edge: str | None = Field(default=None, description="Hit requests to this edge only, such as `items_batch`.")


class Throttle(Behaviour):
    """Answer a limit's error with full usage headers, HTTP 400."""

    code: ThrottleCode = 80004
    subcode: int | None = None
    regain_minutes: int = Field(default=1, ge=0)
    usage_percent: int = Field(default=100, ge=0)
    retry_after_seconds: int | None = Field(default=None, ge=0, description="Meta documents no such header.")


class Fail(Behaviour):
    """Answer a transient error: `is_transient` true, HTTP 500."""

    code: Literal[1, 2] = 2
    status: int = Field(default=500, ge=400, le=599)


class Html502(Behaviour):
    """Answer a proxy's HTML page instead of the Graph API's JSON."""


class Stall(Behaviour):
    """Wait before reading the request. It is still taken afterwards, even if the client has hung up."""

    seconds: float = Field(gt=0)


class ResetAfterAccept(Behaviour):
    """Take what was sent, then reset the connection without an answer."""


class Latency(Behaviour):
    """Wait this long before every answer."""

    ms: float = Field(ge=0)


class Usage(Behaviour):
    """Send usage headers with every answer."""

    percent: int = Field(ge=0)
    regain_minutes: int = Field(default=0, ge=0)


class TokenDead(Behaviour):
    """Answer as if the token had expired: 401, 190/463."""


class Refuse(Behaviour):
    """
    Refuse every request that holds a matching event: HTTP 400, as one bad event does.

    An event matches by its id, its name, or by `event_rate`: the share of event ids, always the same for one `seed`.
    """

    event_ids: frozenset[str] = frozenset()
    event_names: frozenset[str] = frozenset()
    event_rate: float = Field(default=0.0, ge=0, le=1)
    code: int = 100
    subcode: int | None = None
    seed: int = 0

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.event_ids or self.event_names or self.event_rate):
            raise ValueError("name event_ids, event_names or event_rate")
        return self

    def refuses(self, *, event_name: object, event_id: object) -> bool:
        """Tell whether an event of this name and id is refused."""
        return (
            event_id in self.event_ids
            or event_name in self.event_names
            or (isinstance(event_id, str) and _place(self.seed, event_id) < self.event_rate)
        )


class RejectItems(Behaviour):
    """
    Find fault with matching items of a batch or a feed; the others are taken.

    An item matches by its id or by `item_rate`: the share of item ids, always the same for one `seed`.
    """

    item_ids: frozenset[str] = frozenset()
    item_rate: float = Field(default=0.0, ge=0, le=1)
    message: str = "Your item was rejected because it goes against our commerce policies."
    warning: bool = Field(default=False, description="Only warn: the item is taken.")
    seed: int = 0

    def rejects(self, item_id: str) -> bool:
        """Tell whether the item *item_id* is at fault."""
        return item_id in self.item_ids or _place(self.seed, item_id) < self.item_rate


class BatchEnd(Behaviour):
    """End a batch of items in another way than `finished`: nothing of it is taken."""

    status: Literal["error", "canceled"] = "error"


class BatchDelay(Behaviour):
    """Let this time pass between taking a batch of items and having finished it."""

    seconds: float = Field(ge=0)


class Quota(Behaviour):
    """Take so many calls of one catalog in a rolling window, tell the usage with each, refuse the others."""

    calls: int = Field(ge=1)
    window_seconds: float = Field(default=3600, gt=0, description="Under 60 s: nothing is said of when to return.")


def _place(seed: int, name: str) -> float:
    """Place *name* in [0, 1): first 8 bytes of sha256("<seed>:<name>"), big-endian, over 2**64."""
    digest = sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _short_for(field: str | None = None) -> BeforeValidator:
    """Let `true` stand for an object of defaults, `false` for none, and a number for *field*."""

    def expand(value: object) -> object:
        if value is True:
            return {}
        if value is False:
            return None
        if field is not None and isinstance(value, int | float):
            return {field: value}
        return value

    return BeforeValidator(expand)


class Script(BaseModel):
    """The body of `POST /_behave`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pixel_id: str | None = Field(default=None, description="Only this pixel; every object when left out.")
    catalog_id: str | None = Field(default=None, description="Only this catalog, or feed, or other object.")
    seed: int = Field(default=0, description="Of the generator that `rate` draws from.")
    reset: bool = Field(default=False, description="End all behaviours first.")
    latency_ms: Annotated[Latency | None, _short_for("ms")] = None
    stall_seconds: Annotated[Stall | None, _short_for("seconds")] = None
    html_502: Annotated[Html502 | None, _short_for()] = None
    token_dead: Annotated[TokenDead | None, _short_for()] = None
    throttle: Annotated[Throttle | None, _short_for()] = None
    fail: Annotated[Fail | None, _short_for()] = None
    refuse: Annotated[Refuse | None, _short_for()] = None
    reset_after_accept: Annotated[ResetAfterAccept | None, _short_for()] = None
    usage: Annotated[Usage | None, _short_for("percent")] = None
    reject_items: Annotated[RejectItems | None, _short_for()] = None
    batch_end: Annotated[BatchEnd | None, _short_for()] = None
    batch_delay_seconds: Annotated[BatchDelay | None, _short_for("seconds")] = None
    batch_quota: Annotated[Quota | None, _short_for("calls")] = None
    management_quota: Annotated[Quota | None, _short_for("calls")] = None

    @property
    def scope(self) -> str | None:
        """The object it is about; `None`: every one."""
        return self.catalog_id or self.pixel_id

    def named(self) -> dict[str, Behaviour | None]:
        """List the behaviours this script starts (a value) or ends (`None`)."""
        return {name: getattr(self, name) for name in BEHAVIOURS if name in self.model_fields_set}


BEHAVIOURS: Final = tuple(
    name for name in Script.model_fields if name not in {"pixel_id", "catalog_id", "seed", "reset"}
)
