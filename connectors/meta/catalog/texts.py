"""Titles and descriptions as Meta reads them: plain, not shouted, not too long.

https://developers.facebook.com/docs/marketing-api/catalog/reference/
"""

import re
from functools import lru_cache
from html.parser import HTMLParser
from typing import Final

from schemas.product_values import kept_description, plain_title

LONGEST_TITLE: Final = 200
LONGEST_DESCRIPTION: Final = 9_999
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_HALF_A_TAG: Final = re.compile(r"<(?:[a-zA-Z/][^<>]*(?=<|$)|![^<>]*$)")
_LINK: Final = re.compile(r"https?://\S+")
_BLANKS: Final = re.compile(r"[^\S\n]+")
_LINES: Final = re.compile(r" ?\n[ \n]*")
_SILENT: Final = frozenset({"script", "style", "template", "noscript"})
_BREAKING: Final = (
    "address article blockquote br dd div dl dt figure h1 h2 h3 h4 h5 h6 hr li ol p section table td th tr ul"
)
_BREAKS: Final = frozenset(_BREAKING.split())


def writable(text: str) -> str:
    """Take out what neither XML nor a person can read: control characters and halves of characters."""
    return text if text.isprintable() else _UNWRITABLE.sub("", text)


@lru_cache(maxsize=64)
def title(text: str) -> tuple[str, tuple[str, ...]]:
    """Return *text* as a title, '' for none, and the warnings it earns."""
    plain = (plain_title(writable(text)) or "").strip()
    warnings = []
    if _is_shouted(plain):
        plain = " ".join(word.capitalize() for word in plain.split(" "))
        warnings.append("shouted_title")
    if len(plain) > LONGEST_TITLE:
        plain = cut(plain, LONGEST_TITLE)
        warnings.append("long_title")
    return plain, tuple(warnings)


@lru_cache(maxsize=64)
def description(text: str) -> str:
    """Return *text* without tags and links, at most LONGEST_DESCRIPTION characters; its paragraphs stay lines."""
    plain = writable(kept_description(text) or "")
    if "<" in plain or "&" in plain:
        reader = _Reader()
        reader.feed(_HALF_A_TAG.sub("", plain))
        reader.close()
        plain = writable("".join(reader.pieces))
    plain = _LINES.sub("\n", _BLANKS.sub(" ", _LINK.sub("", plain))).strip()
    return cut(plain, LONGEST_DESCRIPTION)


def cut(text: str, most: int) -> str:
    """Cut *text* to *most* characters, between words where there is one near."""
    if len(text) <= most:
        return text
    end = text.rfind(" ", most * 4 // 5, most + 1)
    return text[: end if end > 0 else most].rstrip()


def _is_shouted(text: str) -> bool:
    """Tell whether *text* is in capitals and no abbreviation: `USB` is one, `RED SHOES` is not."""
    return text.isupper() and sum(map(str.isalpha, text)) > 5


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent.append(tag)
        self._break(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            self._silent.remove(tag)
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data)

    def _break(self, tag: str) -> None:
        if tag in _BREAKS:
            self.pieces.append("\n")
