"""Feeds of a catalog and their uploads: what was asked for, and how it went."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Upload:
    """One reading of a feed; `end_time` is `None` while it runs. Times are Unix seconds."""

    upload_id: str
    url: str
    input_method: str
    start_time: float
    update_only: bool = False
    end_time: float | None = None
    detected: int = 0
    persisted: int = 0
    invalid: int = 0
    deleted: int = 0
    errors: dict[str, "FeedError"] = field(default_factory=dict)


@dataclass
class FeedError:
    """One kind of error of an upload: how often, and the first few rows it was seen in."""

    error_id: str
    summary: str
    severity: str
    total: int = 0
    samples: list[Mapping[str, object]] = field(default_factory=list)


@dataclass
class Feed:
    """One feed. `settings` is what it was made with, of which passwords are never shown."""

    feed_id: str
    settings: dict[str, object]
    created_time: float
    uploads: dict[str, Upload] = field(default_factory=dict)
