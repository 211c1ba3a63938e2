"""Writes the items of a catalog as one file, piece by piece: RSS 2.0 with the namespace g:, or CSV.

In: items as the batches send them. Out: pieces of UTF-8, never the whole. A field has a line of its own in XML: Meta
takes no line over 5 MB. https://developers.facebook.com/docs/marketing-api/reference/product-catalog/product_feeds
"""

import csv
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import StringIO
from typing import Final, Literal
from xml.sax.saxutils import escape

from connectors.meta.catalog.items import CatalogItem
from connectors.meta.feed.values import cell, columns, texts
from schemas.catalog_records import Catalog
from schemas.records import Shop

Form = Literal["xml", "csv"]
Writer = Callable[[Iterable[CatalogItem], Catalog, Shop], Iterator[str]]

MEDIA_TYPES: Final[dict[Form, str]] = {"xml": "application/xml; charset=utf-8", "csv": "text/csv; charset=utf-8"}
PIECE_BYTES: Final = 65_536
_GZIP: Final = 16 + zlib.MAX_WBITS
_LEVEL: Final = 4  # a third of the time of level 6 for a tenth more bytes
_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
    "<title>{title}</title>\n<link>{link}</link>\n<description>The products of {title}</description>\n"
)
_FOOT: Final = "</channel>\n</rss>\n"
# A carriage return that is not escaped is read as a line feed: https://www.w3.org/TR/xml/#sec-line-ends
_KEPT: Final = {"\r": "&#13;"}


def pieces(form: Form, items: Iterable[CatalogItem], catalog: Catalog, shop: Shop) -> Iterator[bytes]:
    """Write the *items* of a shop's *catalog* in pieces of about 64 kB."""
    kept, size = [], 0
    for text in _WRITERS[form](items, catalog, shop):
        kept.append(text)
        size += len(text)
        if size >= PIECE_BYTES:
            yield "".join(kept).encode()
            kept, size = [], 0
    yield "".join(kept).encode()


def gzipped(plain: Iterable[bytes]) -> Iterator[bytes]:
    """Compress *plain* as it comes."""
    packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for piece in plain:
        if packed := packing.compress(piece):
            yield packed
    yield packing.flush()


def _rss(items: Iterable[CatalogItem], catalog: Catalog, shop: Shop) -> Iterator[str]:
    title, link = f"{shop['shop_id']}/{catalog['name']}", f"https://{shop['domains'][0]}/"
    yield _HEAD.format(title=escape(title), link=escape(link))
    names = columns(catalog)
    for item in items:
        yield _entry(item, names)
    yield _FOOT


def _entry(item: CatalogItem, names: list[str]) -> str:
    fields = (f"<g:{name}>{escape(text, _KEPT)}</g:{name}>\n" for name in names for text in texts(item.data, name))
    return f"<item>\n{''.join(fields)}</item>\n"


def _csv(items: Iterable[CatalogItem], catalog: Catalog, _: Shop) -> Iterator[str]:
    names, line = columns(catalog), StringIO(newline="")
    writer = csv.writer(line)

    def taken() -> str:
        text = line.getvalue()
        line.seek(0)
        line.truncate()
        return text

    writer.writerow(names)
    yield taken()
    for item in items:
        writer.writerow([cell(item.data, name) for name in names])
        yield taken()


_WRITERS: Final[dict[Form, Writer]] = {"xml": _rss, "csv": _csv}
