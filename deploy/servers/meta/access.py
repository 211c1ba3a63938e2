"""Who may call: tokens in, nothing out when they are good, Meta's error when they are not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, SecretStr

from deploy.servers.meta.graph import unknown_object, unreadable_token


class AccessChange(BaseModel):
    """
    What `POST /_configure` takes; a field left out stays as it is.

    `pixels` and `catalogs` are each `null` (any exists), a list of ids, or an object from id to the tokens that may
    write to it (an empty list: any known token).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: list[SecretStr] | None = None
    pixels: dict[str, list[SecretStr]] | list[str] | None = None
    catalogs: dict[str, list[SecretStr]] | list[str] | None = None


@dataclass
class Access:
    """The known tokens, pixels and catalogs. No token is known by default; every pixel and catalog is."""

    tokens: set[str] = field(default_factory=set)
    pixels: dict[str, frozenset[str]] | None = None
    catalogs: dict[str, frozenset[str]] | None = None

    @classmethod
    def opened_to(
        cls, tokens: Collection[str], pixels: Collection[str] = (), catalogs: Collection[str] = ()
    ) -> "Access":
        """Let *tokens* write to *pixels* and *catalogs*, or to any when none is named."""
        return cls(
            set(tokens),
            dict.fromkeys(pixels, frozenset()) if pixels else None,
            dict.fromkeys(catalogs, frozenset()) if catalogs else None,
        )

    def change(self, change: AccessChange) -> None:
        """Replace what *change* names."""
        if "tokens" in change.model_fields_set:
            self.tokens = {token.get_secret_value() for token in change.tokens or ()}
        if "pixels" in change.model_fields_set:
            self.pixels = None if change.pixels is None else _tokens_by_id(change.pixels)
        if "catalogs" in change.model_fields_set:
            self.catalogs = None if change.catalogs is None else _tokens_by_id(change.catalogs)

    def check_token(self, token: str | None) -> None:
        """
        Let a known token pass.

        Raises:
            GraphError: 401, code 190.
        """
        named = frozenset[str]().union(*(self.pixels or {}).values(), *(self.catalogs or {}).values())
        if not token or (token not in self.tokens and token not in named):
            raise unreadable_token()

    def check_pixel(self, pixel_id: str, token: str) -> None:
        """
        Let a known token pass that may write to *pixel_id*.

        Raises:
            GraphError: 400, 100/33.
        """
        _check(self.pixels, pixel_id, token)

    def check_catalog(self, catalog_id: str, token: str) -> None:
        """
        Let a known token pass that may use *catalog_id*.

        Raises:
            GraphError: 400, 100/33.
        """
        _check(self.catalogs, catalog_id, token)

    def shown(self) -> dict[str, object]:
        """Describe the configuration without any token."""
        pixels = None if self.pixels is None else sorted(self.pixels)
        catalogs = None if self.catalogs is None else sorted(self.catalogs)
        return {"tokens": len(self.tokens), "pixels": pixels, "catalogs": catalogs}


def _check(known: Mapping[str, frozenset[str]] | None, object_id: str, token: str) -> None:
    if known is None:
        return
    allowed = known.get(object_id)
    if allowed is None or (allowed and token not in allowed):
        raise unknown_object(object_id)


def _tokens_by_id(named: Mapping[str, list[SecretStr]] | list[str]) -> dict[str, frozenset[str]]:
    if isinstance(named, list):
        return dict.fromkeys(named, frozenset())
    return {each: frozenset(token.get_secret_value() for token in tokens) for each, tokens in named.items()}
