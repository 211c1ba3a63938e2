// What the pixel does in a fake sandbox; run by test_pixel_script.py with `node --test`.
"use strict";
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { aShop, anEvent, called, pass, withTimers } = require("./pixel_sandbox.js");

withTimers("events of a moment leave together, wrapped, as text that needs no preflight", async () => {
  const names = { firstName: "A", lastName: "B" };
  const shop = aShop({ customer: { id: "7", email: "a@b.example", phone: null, ...names, ordersCount: 3 } });
  shop.publish(anEvent("1"));
  shop.publish(anEvent("2"));
  await pass(200);

  assert.equal(shop.requests.length, 1);
  const [request] = shop.requests;
  assert.equal(request.url, "https://door.example/v1/pixel/wk%2Fdemo");
  assert.equal(request.method, "POST");
  assert.equal(request.keepalive, true);
  assert.deepEqual(request.headers, { "content-type": "text/plain;charset=UTF-8" });
  assert.deepEqual(request.events.map((each) => each.event.id), ["1", "2"]);
  const [{ customer, consent, browser, sent_at }] = request.events;
  assert.deepEqual(customer, { id: "7", email: "a@b.example", phone: null, firstName: "A", lastName: "B" });
  assert.deepEqual(consent, { marketingAllowed: false });
  assert.deepEqual(browser, { fbp: "fb.1.1700000000000.1", fbc: null, url: "https://shop.example/?fbclid=x" });
  assert.ok(!Number.isNaN(Date.parse(sent_at)));
});

withTimers("an event carries the consent that held when it happened", async () => {
  const shop = aShop();
  shop.publish(anEvent("before"));
  shop.consent({ customerPrivacy: { marketingAllowed: true } });
  shop.publish(anEvent("after"));
  await pass(200);

  assert.deepEqual(shop.requests[0].events.map((each) => each.consent.marketingAllowed), [false, true]);
});

withTimers("the end of a checkout leaves at once", async () => {
  const shop = aShop();
  shop.publish(anEvent("1", { name: "checkout_completed" }));
  await pass(0);

  assert.equal(shop.requests.length, 1);
});

withTimers("in a worker, which hears nothing of its page's end, everything leaves at once", async () => {
  const shop = aShop({ start: (api, options) => delete globalThis.document && called(api, options) });
  shop.publish(anEvent("1"));
  await pass(0);
  shop.publish(anEvent("2"));
  await pass(0);

  assert.deepEqual(shop.requests.map((each) => each.events.map((one) => one.event.id)), [["1"], ["2"]]);
});

withTimers("a body stays below what browsers keep alive; a larger event goes alone and without", async () => {
  const shop = aShop();
  for (let i = 0; i < 10; i++) shop.publish(anEvent(String(i), { customData: "x".repeat(20000) }));
  shop.publish(anEvent("large", { customData: "ü".repeat(40000) }));
  await pass(200);

  const sizes = shop.requests.map((each) => Buffer.byteLength(each.body));
  assert.ok(sizes.slice(0, -1).every((size) => size <= 30000), String(sizes));
  assert.deepEqual(shop.requests.map((each) => each.keepalive), [...sizes.slice(0, -1).map(() => true), false]);
  assert.deepEqual(shop.requests.flatMap((each) => each.events.map((one) => one.event.id)), [..."0123456789", "large"]);
});

withTimers("what browsers keep alive no more of when the page is left goes without", async () => {
  const shop = aShop();
  for (let i = 0; i < 10; i++) shop.publish(anEvent(String(i), { customData: "x".repeat(20000) }));
  shop.listeners.pagehide();

  assert.deepEqual(shop.requests.map((each) => each.keepalive), Array.from({ length: 10 }, (_, i) => i < 2));
  await pass(200);
});

withTimers("without a network it goes on trying for as long as the page is there", async () => {
  const shop = aShop({ answers: Array(40).fill("offline") });
  Object.defineProperty(globalThis, "navigator", { value: { onLine: false }, configurable: true });
  shop.publish(anEvent("1"));
  await pass(200);
  for (let i = 0; i < 60; i++) await pass(30000);
  delete globalThis.navigator;

  assert.equal(shop.requests.length, 41);
});

withTimers("what the door or the network could not take is sent again, in order", async () => {
  const shop = aShop({ answers: [503, "offline", 202] });
  shop.publish(anEvent("1"));
  await pass(200);
  shop.publish(anEvent("2"));
  await pass(1000);
  await pass(2000);
  await pass(200);

  assert.deepEqual(shop.requests.map((each) => each.events.map((one) => one.event.id)), [["1"], ["1"], ["1"], ["2"]]);
});

withTimers("it waits as long as the door asks", async () => {
  const shop = aShop({ answers: [[503, "10"], 202] });
  shop.publish(anEvent("1"));
  await pass(200);
  await pass(5000);
  const early = shop.requests.length;
  await pass(5000);

  assert.deepEqual([early, shop.requests.length], [1, 2]);
});

withTimers("what the door refused is not sent again", async () => {
  const shop = aShop({ answers: [400] });
  shop.publish(anEvent("1"));
  await pass(200);
  await pass(60000);

  assert.equal(shop.requests.length, 1);
});

withTimers("what waits leaves at once when the page is left, also what failed and what came behind", async () => {
  const shop = aShop({ answers: ["offline"] });
  shop.publish(anEvent("failed"));
  await pass(200);
  shop.publish(anEvent("behind"));
  shop.listeners.pagehide();
  for (let i = 0; i < 3; i++) await Promise.resolve(); // a page that is left runs what is ready, and no timer

  assert.deepEqual(shop.requests.map((each) => each.events[0].event.id), ["failed", "behind", "failed"]);
  assert.deepEqual(shop.requests.map((each) => each.events[0].browser.fbp), Array(3).fill("fb.1.1700000000000.1"));
  await pass(60000);
  assert.equal(shop.requests.length, 3);
});

withTimers("what waits leaves when the page is hidden, and not when it is shown", async () => {
  const shop = aShop();
  shop.publish(anEvent("1"));
  globalThis.document.visibilityState = "visible";
  shop.listeners.visibilitychange();
  const shown = shop.requests.length;
  globalThis.document.visibilityState = "hidden";
  shop.listeners.visibilitychange();

  assert.deepEqual([shown, shop.requests.length], [0, 1]);
});

withTimers("an event that is no JSON costs only itself", async () => {
  const shop = aShop();
  shop.publish(anEvent("bad", { customData: 1n }));
  await pass(200);
  shop.publish(anEvent("bad", { customData: 1n }));
  shop.publish(anEvent("good"));
  await pass(200);

  assert.deepEqual(shop.requests.map((each) => each.events.map((one) => one.event.id)), [["good"]]);
});

withTimers("it gives up after eight attempts and goes on with the next", async () => {
  const shop = aShop({ answers: Array(8).fill(500) });
  shop.publish(anEvent("1"));
  await pass(200);
  for (let i = 0; i < 10; i++) await pass(30000);
  shop.publish(anEvent("2"));
  await pass(200);

  assert.deepEqual(shop.requests.map((each) => each.events[0].event.id), [..."11111111", "2"]);
});

withTimers("what waits is bounded, and the newest stay", async () => {
  const shop = aShop({ answers: ["offline"] });
  shop.publish(anEvent("first"));
  await pass(200);
  for (let i = 0; i < 600; i++) shop.publish(anEvent(String(i)));
  await pass(1000);
  await pass(200);

  const sent = shop.requests.flatMap((each) => each.events.map((one) => one.event.id)).filter((id) => id !== "first");
  assert.deepEqual([sent.length, sent[0], sent.at(-1)], [500, "100", "599"]);
});

withTimers("movements of the mouse are not sent", async () => {
  const shop = aShop();
  shop.publish(anEvent("1", { name: "advanced_dom_mouse_moved" }));
  await pass(200);

  assert.equal(shop.requests.length, 0);
});

test("a page is told the ids our server sends, of an order too, and its failures stay its own", async () => {
  const told = [];
  const shop = aShop({ tell: ({ name, id }) => told.push([name, id]) && name === "page_viewed" && missing() });
  const order = { id: "gid://shopify/OrderIdentity/5396439498987" };
  shop.publish(anEvent("1"));
  shop.publish(anEvent("2", { name: "checkout_completed", data: { checkout: { order } } }));
  shop.publish(anEvent("3", { name: "checkout_completed" }));
  await new Promise((done) => setTimeout(done, 250));

  const derived = "2fca3a52-9b44-51e3-a724-9dd29e923e74";
  assert.deepEqual(told, [["page_viewed", "1"], ["purchase", derived]]);
  assert.equal(shop.requests.flatMap((each) => each.events).length, 3);
});
