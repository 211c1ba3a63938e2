/*
 * The storestream pixel: tells the door what shoppers do. No dependencies, no cookies of its own.
 *
 * As a custom pixel (Shopify admin, Settings, Customer events, Add custom pixel):
 *
 *   const script = document.createElement("script");
 *   script.src = "https://DOOR/v1/pixel.js";
 *   const door = { door: "https://DOOR", writeKey: "KEY" };
 *   script.onload = () => storestream({ analytics, browser, init, customerPrivacy: api.customerPrivacy, ...door });
 *   document.head.appendChild(script);
 *
 * In an app pixel: bundle this file, and call the same with what register() hands to its function.
 *
 * A page that also calls fbq gets the id our server sends, so that Meta counts one: add to the call
 *   shop: "SHOP", tell: ({ name, id }) => fbq("track", NAMES[name], {}, { eventID: id })
 * It is told of each event, and of an order as "purchase": its id is made of the shop's id and the order's.
 *
 * Each event leaves as {event, customer, consent, browser: {fbp, fbc, url}, sent_at}, in order, one request at a time,
 * as text/plain (so that no browser asks first). When the page is left or hidden, or the network is back, what waits
 * leaves at once, with keepalive as far as browsers allow, so that it outlives the page.
 * Web Pixels API: https://shopify.dev/docs/api/web-pixels-api
 */
(function (root) {
  "use strict";

  const GATHER_MS = 150; // how long a request waits for more events
  const KEPT_ALIVE_BYTES = 60000; // browsers take 64 KiB; what is beyond goes without
  const BODY_BYTES = KEPT_ALIVE_BYTES / 2;
  const BODY_EVENTS = 100;
  const WAITING_EVENTS = 500; // past that the oldest are dropped
  const ATTEMPTS = 8;
  const FIRST_PAUSE_MS = 1000;
  const LONGEST_PAUSE_MS = 30000;
  const NAMESPACE = "6f1d3c1e6b0e5d0a9a545f1f6c0a7e11";
  // Many a second.
  const SKIPPED = /^advanced_dom_(mouse_moved|scrolled|changed|selection_changed|window_resized)$/;

  function storestream({ analytics, browser, init, customerPrivacy, door, writeKey, skip = SKIPPED, shop, tell }) {
    const url = door.replace(/\/+$/, "") + "/v1/pixel/" + encodeURIComponent(writeKey);
    const waiting = [];
    const pauses = new Set();
    let consent = (init && init.customerPrivacy) || null;
    let cookies = { fbp: null, fbc: null };
    let timer = null;
    let sending = false;
    let keptAlive = 0;

    readCookies();
    if (root.addEventListener) {
      root.addEventListener("pagehide", hurry);
      root.addEventListener("online", hurry);
    }
    const page = root.document;
    if (page) page.addEventListener("visibilitychange", () => page.visibilityState === "hidden" && hurry());

    if (customerPrivacy && customerPrivacy.subscribe) {
      customerPrivacy.subscribe("visitorConsentCollected", (changed) => {
        consent = changed.customerPrivacy;
      });
    }

    analytics.subscribe("all_events", (event) => {
      if (skip && skip.test(event.name)) return;
      waiting.push(wrap(event));
      if (tell) handOut(event);
      if (waiting.length > WAITING_EVENTS) waiting.shift();
      // The thank-you page may be gone in a moment; no worker is told when its page is.
      if (event.name === "checkout_completed" || !page) flush();
      else if (!timer) timer = setTimeout(flush, GATHER_MS);
    });

    async function handOut(event) {
      try {
        if (event.name !== "checkout_completed") return await tell({ name: event.name, id: event.id, event });
        const order = event.data && event.data.checkout && event.data.checkout.order;
        const digits = /\d+$/.exec((order && order.id) || "");
        if (shop && digits) await tell({ name: "purchase", id: await purchaseId(shop, digits[0]), event });
      } catch (notOurs) {} // and ours goes on
    }

    function wrap(event) {
      const page = (event.context && event.context.document && event.context.document.location) || {};
      return { event, customer: customer(), consent, browser: { fbp: null, fbc: null, url: page.href || null } };
    }

    function customer() {
      const known = init && init.data && init.data.customer;
      if (!known) return null;
      const { id, email, phone, firstName, lastName } = known;
      return { id, email, phone, firstName, lastName };
    }

    async function flush() {
      clearTimeout(timer);
      timer = null;
      if (sending) return;
      sending = true;
      try {
        while (waiting.length) {
          await readCookies();
          await deliver(nextBody());
        }
      } finally {
        sending = false;
      }
    }

    // What waits leaves now, with the cookies read last.
    function hurry() {
      for (const end of pauses) end();
      while (waiting.length) deliver(nextBody());
    }

    function nextBody() {
      const parts = [];
      let size = 2;
      while (waiting.length && parts.length < BODY_EVENTS) {
        const part = written(waiting[0]);
        const bytes = new TextEncoder().encode(part).length + 1;
        if (parts.length && size + bytes > BODY_BYTES) break;
        waiting.shift();
        if (!part) continue;
        parts.push(part);
        size += bytes;
      }
      return { body: parts.length ? "[" + parts.join(",") + "]" : null, size };
    }

    function written(wrapper) {
      Object.assign(wrapper.browser, cookies);
      wrapper.sent_at = new Date().toISOString();
      try {
        return JSON.stringify(wrapper);
      } catch (noJson) {
        return ""; // a page may publish what JSON cannot hold, such as a BigInt
      }
    }

    async function readCookies() {
      const [fbp, fbc] = await Promise.all([cookie("_fbp"), cookie("_fbc")]);
      cookies = { fbp, fbc };
    }

    async function cookie(name) {
      try {
        return (await browser.cookie.get(name)) || null;
      } catch (unreadable) {
        return null;
      }
    }

    // Resends what the door or the network could not take, never what it refused.
    async function deliver({ body, size }) {
      if (!body) return;
      for (let pause = FIRST_PAUSE_MS, attempts = 0; attempts < ATTEMPTS; pause *= 2) {
        const asked = await send(body, size);
        if (asked === null) return;
        attempts += !root.navigator || root.navigator.onLine !== false; // tunnels end
        if (attempts < ATTEMPTS) await sleep(Math.min(Math.max(pause, asked), LONGEST_PAUSE_MS));
      }
    }

    // Returns how long the door asks to wait, null when it need not be sent again.
    async function send(body, size) {
      const kept = keptAlive + size <= KEPT_ALIVE_BYTES ? size : 0;
      keptAlive += kept;
      try {
        const headers = { "content-type": "text/plain;charset=UTF-8" };
        const answer = await fetch(url, { method: "POST", body, keepalive: kept > 0, headers });
        await answer.text().catch(() => {}); // until then our body counts as kept alive
        if (answer.status < 500 && ![408, 429].includes(answer.status)) return null;
        return 1000 * Number(answer.headers.get("retry-after")) || 0;
      } catch (offline) {
        return 0;
      } finally {
        keptAlive -= kept;
      }
    }

    function sleep(milliseconds) {
      return new Promise((done) => {
        const end = () => pauses.delete(end) && done();
        pauses.add(end);
        setTimeout(end, milliseconds * (1 + Math.random() / 4));
      });
    }
  }

  // uuid5, as schemas/identifiers.py makes it: https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-5
  async function purchaseId(shop, order) {
    const name = new TextEncoder().encode(["purchase", shop, order].join("\x1f"));
    const space = NAMESPACE.match(/../g).map((two) => parseInt(two, 16));
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-1", new Uint8Array([...space, ...name])));
    bytes[6] = (bytes[6] & 0x0f) | 0x50;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes.slice(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  root.storestream = storestream;
  if (typeof module === "object" && module.exports) module.exports = { storestream };
})(typeof globalThis === "object" ? globalThis : self);
