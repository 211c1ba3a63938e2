"""What the stand-in's catalogs keep over a restart."""

from pathlib import Path

from deploy.servers.meta.catalog.journal import CatalogJournal
from tests.unit.meta_catalog import CATALOG, PRODUCTS, a_clocked_standin, a_request, an_item, handle_of, items_of
from tests.unit.meta_standin import client_of

FEEDS = f"/v26.0/{CATALOG}/product_feeds"
SOURCES = f"/v26.0/{CATALOG}/external_event_sources"


async def test_restart_keeps_items_feeds_and_pixels(tmp_path: Path) -> None:
    path = tmp_path / "meta.catalogs"
    standin, clock = a_clocked_standin(catalog_journal=CatalogJournal(path))
    async with client_of(standin) as meta:
        await handle_of(meta, *(a_request(**an_item(f"sku-{number}")) for number in range(3)))
        clock.advance(1)
        await handle_of(meta, a_request("UPDATE", id="sku-0", price="1.00 EUR"), a_request("DELETE", id="sku-1"))
        clock.advance(1)
        feed = (await meta.post(FEEDS, json={"name": "All"})).json()["id"]
        await meta.post(SOURCES, json={"external_event_sources": ["7"]})
        before = (await meta.get(PRODUCTS, params={"fields": "retailer_id,price"})).json()["data"]
    with path.open("ab") as file:
        file.write(b'{"catalog": "cut short by a ki')

    for _ in range(2):  # the second time, the file was written anew
        standin, clock = a_clocked_standin(catalog_journal=CatalogJournal(path))
        async with client_of(standin) as meta:
            after = (await meta.get(PRODUCTS, params={"fields": "retailer_id,price"})).json()["data"]
            feeds = (await meta.get(FEEDS)).json()["data"]
            sources = (await meta.get(SOURCES)).json()["data"]
            newest = (await meta.post(FEEDS, json={"name": "Other"})).json()["id"]
            await meta.delete(f"/v26.0/{newest}")

        assert sorted(map(str, after)) == sorted(map(str, before))
        assert [item["retailer_id"] for item in after] == ["sku-0", "sku-2"]
        assert ([each["id"] for each in feeds], [each["id"] for each in sources]) == ([feed], ["7"])
        assert int(newest) > int(feed)


async def test_forgetting_empties_the_file_too(tmp_path: Path) -> None:
    path = tmp_path / "meta.catalogs"
    standin, clock = a_clocked_standin(catalog_journal=CatalogJournal(path))
    async with client_of(standin) as meta:
        await handle_of(meta, a_request())
        clock.advance(1)
        assert await items_of(meta)
        await meta.delete("/_catalogs")

    assert path.read_bytes() == b""
    assert oct(path.stat().st_mode)[-3:] == "600"
