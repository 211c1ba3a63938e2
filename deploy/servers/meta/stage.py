"""Which behaviours are on, for which pixel, and how often each has hit."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from deploy.servers.meta.behaviours import Behaviour, Script

B = TypeVar("B", bound=Behaviour)
EVERY_PIXEL = None


@dataclass
class _Playing:
    behaviour: Behaviour
    ends_at: float | None
    chance: random.Random
    hits: int = 0

    def over(self, now: float) -> bool:
        limit = self.behaviour.requests
        return (limit is not None and self.hits >= limit) or (self.ends_at is not None and now >= self.ends_at)

    def hit(self) -> bool:
        if self.behaviour.rate < 1 and self.chance.random() >= self.behaviour.rate:
            return False
        self.hits += 1
        return True


@dataclass
class Stage:
    """Plays scripts. A behaviour of one pixel goes before the same behaviour of every pixel."""

    clock: Callable[[], float] = time.monotonic
    _playing: dict[str | None, dict[str, _Playing]] = field(default_factory=dict)

    def play(self, script: Script) -> None:
        """Start and end what *script* names."""
        if script.reset:
            self.clear()
        playing = self._playing.setdefault(script.scope, {})
        for name, behaviour in script.named().items():
            playing.pop(name, None)
            if behaviour is not None:
                playing[name] = self._started(name, behaviour, script)

    def clear(self) -> None:
        """End every behaviour."""
        self._playing.clear()

    def hit(self, kind: type[B], name: str, pixel_id: str, *, when: Callable[[B], bool] = lambda _: True) -> B | None:
        """
        Take one hit of the behaviour *name* on a request to *pixel_id*.

        Returns: the behaviour when it is on, applies (*when*) and its chance says so.
        """
        for scope in (pixel_id, EVERY_PIXEL):
            playing = self._playing.get(scope, {}).get(name)
            if playing is None:
                continue
            if playing.over(self.clock()):
                del self._playing[scope][name]
                continue
            behaviour = playing.behaviour
            if isinstance(behaviour, kind) and when(behaviour) and playing.hit():
                return behaviour
            return None
        return None

    def shown(self) -> list[dict[str, object]]:
        """Describe what is on: pixel, behaviour, its settings, and hits so far."""
        now = self.clock()
        return [
            {
                "pixel_id": scope,
                "behaviour": name,
                "settings": playing.behaviour.model_dump(mode="json", exclude_defaults=True),
                "hits": playing.hits,
            }
            for scope, by_name in self._playing.items()
            for name, playing in by_name.items()
            if not playing.over(now)
        ]

    def _started(self, name: str, behaviour: Behaviour, script: Script) -> _Playing:
        lasting = behaviour.for_seconds
        ends_at = None if lasting is None else self.clock() + lasting
        chance = random.Random(f"{script.seed}:{script.scope}:{name}")  # noqa: S311 - a test's dice
        return _Playing(behaviour, ends_at, chance)
