"""
Feeds as Meta reads them: the bytes of an XML (RSS 2.0, Atom) or CSV file in, one object of texts per item out.

Whether it is gzip, XML or CSV is seen by its first bytes. Documented at
https://developers.facebook.com/docs/marketing-api/reference/product-catalog/product_feeds
"""

import codecs
import csv
import zlib
from collections.abc import Iterable, Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

GOOGLE: Final = "{http://base.google.com/ns/1.0}"
_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_ENTRIES: Final = frozenset({"item", f"{_ATOM}entry"})
_GZIP: Final = b"\x1f\x8b"
_ANY_HEADER: Final = 32 + zlib.MAX_WBITS
Row = dict[str, object]


class UnreadableFeed(ValueError):
    """The file is neither XML nor CSV of items."""


def rows_in(pieces: Iterable[bytes]) -> Iterator[Row]:
    """
    Read the items of a feed.

    Raises:
        UnreadableFeed: it is not a feed; items read before that were yielded.
    """
    peeked, opening = _peeked(_unpacked(iter(pieces)))
    try:
        yield from _xml_rows(peeked) if opening.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") else _csv_rows(peeked)
    except (ParseError, csv.Error, UnicodeDecodeError):
        raise UnreadableFeed("neither XML nor CSV that can be read") from None


def _peeked(pieces: Iterator[bytes]) -> tuple[Iterator[bytes], bytes]:
    opening = next((piece for piece in pieces if piece), b"")

    def again() -> Iterator[bytes]:
        yield opening
        yield from pieces

    return again(), opening


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    whole, opening = _peeked(pieces)
    if not opening.startswith(_GZIP):
        yield from whole
        return
    unpacking = zlib.decompressobj(_ANY_HEADER)
    for piece in whole:
        yield unpacking.decompress(piece)
    if not unpacking.eof:
        raise UnreadableFeed("the file is cut short")


def _xml_rows(pieces: Iterator[bytes]) -> Iterator[Row]:
    parser: XMLPullParser[Element] = XMLPullParser(events=("end",))
    for piece in pieces:
        parser.feed(piece)
        for ended in parser.read_events():
            element = ended[-1]
            if isinstance(element, Element) and element.tag in _ENTRIES:
                yield _xml_row(element)
                element.clear()
    parser.close()


def _xml_row(entry: Element) -> Row:
    row: Row = {}
    for field in entry:
        name = field.tag.removeprefix(GOOGLE).removeprefix(_ATOM)
        text = field.text or field.get("href") or ""
        row[name] = f"{row[name]},{text}" if name in row else text
    return row


def _csv_rows(pieces: Iterator[bytes]) -> Iterator[Row]:
    reader = csv.DictReader(_lines(pieces), restkey="", strict=True)
    for row in reader:
        if None in row.values():
            raise csv.Error("a row is shorter than the header")
        yield {name.strip().lower().removeprefix("g:"): value for name, value in row.items() if value != ""}


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    kept = ""
    for text in codecs.iterdecode(pieces, "utf-8-sig"):
        *whole, kept = (kept + text).split("\n")
        yield from (line + "\n" for line in whole)
    if kept:
        yield kept
