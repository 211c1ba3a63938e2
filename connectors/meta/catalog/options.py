"""A variant's options as Meta's attributes: what tells the items of a group apart."""

from collections.abc import Mapping
from typing import Final

from connectors.meta.catalog.texts import writable
from schemas.records import Variant

_ATTRIBUTE_OF: Final = {
    **dict.fromkeys(("color", "colour", "farbe", "couleur", "colore", "kleur"), "color"),
    **dict.fromkeys(("size", "größe", "grösse", "groesse", "taille", "taglia", "talla", "maat"), "size"),
    **dict.fromkeys(("material", "matière", "materiale", "materiaal"), "material"),
    **dict.fromkeys(("pattern", "muster", "motif"), "pattern"),
}
_UNSAID: Final = {"Title": "Default Title"}
"""What Shopify says of a product without options."""

_SEPARATORS: Final = str.maketrans({",": " ", ":": " "})


def attributes(variant: Variant) -> dict[str, str]:
    """Say the options of *variant* in Meta's words; the ones it has no word for as `Scent:Fruity,Flavor:Apple`."""
    found: dict[str, str] = {}
    further: list[str] = []
    for name, option in _said(variant["options"]).items():
        attribute = _ATTRIBUTE_OF.get(name.strip().casefold())
        if attribute and attribute not in found:
            found[attribute] = option
        else:
            further.append(f"{_word(name)}:{_word(option)}")
    if further:
        found["additional_variant_attribute"] = ",".join(further)
    return found


def find(variant: Variant, name: str) -> str | None:
    """Return the option *name* of *variant*, whatever its case."""
    wanted = name.strip().casefold()
    return next((option for each, option in variant["options"].items() if each.strip().casefold() == wanted), None)


def _said(options: Mapping[str, str]) -> dict[str, str]:
    if options == _UNSAID:
        return {}
    plain = {writable(name).strip(): writable(option).strip() for name, option in options.items()}
    return {name: option for name, option in plain.items() if name and option}


def _word(text: str) -> str:
    return " ".join(text.translate(_SEPARATORS).split())
