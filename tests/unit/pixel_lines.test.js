// The lines that start the pixel, as pages are told to paste them; run by test_pixel_script.py with `node --test`.
"use strict";
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { mock } = require("node:test");
const { storestream } = require("../../connectors/ingest/pixel.js");
const { aShop, anEvent, pass, withTimers } = require("./pixel_sandbox.js");

const read = (path) => readFileSync(require.resolve(path), "utf8");

// What Shopify puts around the code of a custom pixel: it knows these and no customerPrivacy.
const AROUND = ["api", "analytics", "browser", "init", "document"];

// The lines at the top of the script, and what docs/conversions.md puts in the place of the one that starts it.
const [, PASTED] = /Add custom pixel\):\n \*\n([^]*?) \*\n \* In an app pixel/.exec(read("../../connectors/ingest/pixel.js"));
const LINES = PASTED.replace(/^ \*/gm, "");
const [TELLING] = /^ {4}const NAMES[^]*?\n\n/m.exec(read("../../docs/conversions.md"));

for (const [which, lines] of [["its top", LINES], ["the guide", LINES.replace(/.*script.onload.*\n/, () => TELLING)]]) {
  withTimers(`the lines of ${which} start it as a custom pixel, and it hears of consent there`, async () => {
    const added = {};
    const tracked = (globalThis.fbq = mock.fn());
    const page = { createElement: () => added, head: { appendChild: () => {} } };
    const started = (api) => new Function(...AROUND, lines)(api, api.analytics, api.browser, api.init, page);
    const shop = aShop({ start: started });
    added.onload();
    shop.listeners.visitorConsentCollected({ customerPrivacy: { marketingAllowed: true } });
    shop.listeners.all_events(anEvent("1", { name: "product_viewed" }));
    await pass(200);

    assert.equal(added.src, "https://DOOR/v1/pixel.js");
    assert.deepEqual(shop.requests.map((each) => each.url), ["https://DOOR/v1/pixel/KEY"]);
    assert.equal(shop.requests[0].events[0].consent.marketingAllowed, true);
    const ids = tracked.mock.calls.map((call) => call.arguments[3].eventID);
    assert.deepEqual(ids, which === "the guide" ? ["1"] : []);
  });
}

withTimers("a page of another shop says its events itself with the lines of the guide", async () => {
  const [, lines] = /<script>\n([^]*?) *<\/script>/.exec(read("../../docs/ingest.md"));
  const given = [];
  const jar = { get: () => "other=1; _fbp=fb.1.1700000000000.7", set: (text) => given.push(text) };
  const page = Object.defineProperty({ referrer: "https://search.example/", title: "Shop" }, "cookie", jar);
  const here = { href: "https://shop.example/?utm_source=x" };
  const shop = aShop({ start: () => new Function("storestream", "document", "location", lines)(storestream, page, here) });
  await pass(200);

  const [{ event, consent, browser }] = shop.requests[0].events;
  assert.equal(shop.requests[0].url, "https://DOOR/v1/pixel/KEY");
  assert.deepEqual([event.name, event.context.document.location], ["page_viewed", here]);
  assert.equal(given[0].split(";")[0], `shopper=${event.clientId}`);
  assert.deepEqual([consent, browser.fbp, browser.fbc], [{ marketingAllowed: null }, "fb.1.1700000000000.7", null]);
});
