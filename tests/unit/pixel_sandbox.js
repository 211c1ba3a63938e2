// A fake sandbox for the pixel: what it asks for, and time that passes when told.
"use strict";
const assert = require("node:assert/strict");
const { test, mock } = require("node:test");
const { storestream } = require("../../connectors/ingest/pixel.js");

// Lets every promise that can go on do so.
const settled = () => new Promise((done) => setImmediate(done));

const called = (api, options) => storestream({ ...api, ...options });

function aShop({ answers = [], customer = null, tell, start = called } = {}) {
  const listeners = {};
  const requests = [];
  let unread = 0; // bytes that a browser counts as kept alive: it would take 64 KiB
  globalThis.addEventListener = (name, listener) => (listeners[name] = listener);
  globalThis.document = { addEventListener: (name, listener) => (listeners[name] = listener) };
  globalThis.fetch = async (url, options) => {
    requests.push({ url, ...options, events: JSON.parse(options.body) });
    const kept = options.keepalive ? Buffer.byteLength(options.body) : 0;
    assert.ok((unread += kept) <= 65536, "a browser would refuse it");
    const answer = answers.length ? answers.shift() : 202;
    if (answer === "offline") unread -= kept;
    if (answer === "offline") throw new TypeError("Failed to fetch");
    const [status, retryAfter] = Array.isArray(answer) ? answer : [answer, null];
    const text = async () => void (unread -= kept);
    return { status, text, headers: { get: (name) => (name === "retry-after" ? retryAfter : null) } };
  };
  const api = {
    analytics: { subscribe: (name, listener) => (listeners[name] = listener) },
    browser: { cookie: { get: async (name) => ({ _fbp: "fb.1.1700000000000.1", _fbc: "" })[name] } },
    init: { data: { customer }, customerPrivacy: { marketingAllowed: false } },
    customerPrivacy: { subscribe: (name, listener) => (listeners[name] = listener) },
  };
  start(api, { door: "https://door.example/", writeKey: "wk/demo", shop: "demo", tell });
  return { requests, listeners, publish: listeners.all_events, consent: listeners.visitorConsentCollected };
}

function anEvent(id, changes = {}) {
  const location = { href: "https://shop.example/?fbclid=x" };
  const event = { id, name: "page_viewed", clientId: "c", timestamp: "2026-10-26T06:13:20.000Z", data: {} };
  return { ...event, context: { document: { location } }, ...changes };
}

async function pass(milliseconds) {
  for (let i = 0; i < 5; i++) await settled();
  mock.timers.tick(milliseconds);
  for (let i = 0; i < 20; i++) await settled();
}

function withTimers(name, body) {
  test(name, async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    mock.method(Math, "random", () => 0);
    try {
      await body();
    } finally {
      mock.timers.reset();
      mock.restoreAll();
    }
  });
}

module.exports = { aShop, anEvent, called, pass, withTimers };
