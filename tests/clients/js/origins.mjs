// A frontend on another origin, in Chromium: its page may send permitted requests and read the answers, while a page of
// an origin that is not allowed reads nothing and changes nothing.
import assert from "node:assert/strict";
import { openBrowser } from "./browser.mjs";
import { server } from "./support.mjs";

const { FOLDER, LIVE_URL: live, PAGE_ORIGIN, STRANGER_ORIGIN } = process.env;
const MEDIA_TYPE = "application/vnd.api+json";
const JSON_TYPE = { "Content-Type": "application/json" };
const document = (type, attributes, id) => JSON.stringify({ data: { type, id, attributes } });
const operation = (query, variables) => JSON.stringify({ query, variables });

// What every page has: each answers with all that fetch() shows to its page.
const helpers = () => {
  window.ask = async (url, options) => {
    const response = await fetch(url, options);
    const headers = Object.fromEntries(response.headers);
    return { status: response.status, type: response.type, headers, text: await response.text() };
  };
  window.isRefused = (url, options) => ask(url, options).then(
    (answer) => JSON.stringify(answer),
    (error) => error instanceof TypeError,
  );
  // Reads events until there are so many, and leaves.
  window.follow = async (url, options, count) => {
    const leaving = new AbortController();
    const response = await fetch(url, { ...options, signal: leaving.signal });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (text.split(/event: next\r?\n/).length <= count) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
      if (!window.hasBegun && /event: next\r?\n/.test(text)) window.hasBegun = true;
    }
    leaving.abort();
    return { status: response.status, headers: Object.fromEntries(response.headers), text };
  };
};

const context = await openBrowser(FOLDER);
try {
  const openPage = async (origin) => {
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    await page.addInitScript(helpers);
    assert.equal((await page.goto(origin)).status(), 200);
    assert.equal(await page.evaluate(() => location.origin), origin);
    return page;
  };
  const page = await openPage(PAGE_ORIGIN);
  const ask = (path, options) =>
    page.evaluate(([url, options]) => ask(url, options), [new URL(path, server).href, options]);

  // What goes over the wire: preflights, and the statuses that the browser's own cache hides from the page.
  const wire = await context.newCDPSession(page);
  await wire.send("Network.enable");
  const preflights = [];
  const statuses = [];
  wire.on("Network.requestWillBeSent", ({ request }) => {
    if (request.method === "OPTIONS") preflights.push(new URL(request.url).pathname);
  });
  wire.on("Network.responseReceivedExtraInfo", ({ statusCode }) => statuses.push(statusCode));

  // -- REST: open, follow Location, read the ETag, change under If-Match, revalidate --

  const open = (key) =>
    ask("/api/wallets/", {
      method: "POST",
      headers: { "Content-Type": MEDIA_TYPE, Accept: MEDIA_TYPE, Authorization: "Bearer x", "Idempotency-Key": key },
      body: document("Wallet", { label: "Across origins", balance: "100.00" }),
    });
  const opened = await open("k-1");
  assert.equal(opened.status, 201, opened.text);
  const replayed = await open("k-1");
  assert.deepEqual([replayed.status, replayed.text], [201, opened.text]);
  assert.deepEqual([opened, replayed].map(({ headers }) => headers["idempotency-replayed"]), [undefined, "true"]);
  const again = await open("k-2");
  assert.deepEqual([again.status, JSON.parse(again.text).errors[0].code], [409, "duplicate_label"]);
  // The browser remembers the preflight, and sends it once.
  assert.deepEqual(preflights, ["/api/wallets/"]);
  const { id, links } = JSON.parse(opened.text).data;
  const wallet = opened.headers.location;
  assert.equal(wallet, `${server}/api/wallets/${id}/`);
  assert.equal(wallet, links.self);

  // Django answers the first of these; the layer in front of it answers the likes of it.
  let etag;
  for (const _ of [1, 2, 3]) {
    const read = await ask(wallet, { cache: "no-store" });
    assert.equal(read.status, 200);
    assert.match(read.headers.etag, /^"\w+"$/);
    assert.equal(read.headers["content-type"], MEDIA_TYPE);
    assert.equal(read.headers["cache-control"], "private, no-cache");
    etag = read.headers.etag;
    // The page's own precondition: the page sees the 304.
    const known = await ask(wallet, { headers: { "If-None-Match": etag } });
    assert.deepEqual([known.status, known.headers.etag, known.text], [304, etag, ""]);
  }
  // A precondition of the browser's cache: the page gets the cached response.
  const kept = await ask(wallet);
  statuses.length = 0;
  const confirmed = await ask(wallet);
  // The id is that of the request that confirmed it.
  delete confirmed.headers["x-request-id"];
  delete kept.headers["x-request-id"];
  assert.deepEqual(confirmed, kept);
  assert.equal(kept.status, 200);
  assert.deepEqual(statuses, [304]);

  const rename = (label, tag) =>
    ask(wallet, {
      method: "PATCH",
      headers: { "Content-Type": MEDIA_TYPE, "If-Match": tag },
      body: document("Wallet", { label }, id),
    });
  preflights.length = 0;
  const renamed = await rename("Across all origins", etag);
  assert.equal(renamed.status, 200, renamed.text);
  const outdated = await rename("Never", etag);
  assert.deepEqual([outdated.status, JSON.parse(outdated.text).errors[0].code], [412, "precondition_failed"]);
  assert.ok(preflights.includes(new URL(wallet).pathname));
  const changed = await ask(wallet, { headers: { "If-None-Match": etag } });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.etag, etag);
  assert.equal(JSON.parse(changed.text).data.attributes.label, "Across all origins");
  assert.equal((await ask(wallet, { method: "HEAD" })).headers.etag, changed.headers.etag);

  // DELETE under If-Match, and errors can be read.
  const posted = await ask("/api/transactions/", {
    method: "POST",
    headers: { "Content-Type": MEDIA_TYPE },
    body: document("Transaction", { txid: "ACROSS-1", amount: "5.00", wallet: id }),
  });
  assert.equal(posted.status, 201, posted.text);
  const transaction = posted.headers.location;
  const tag = (await ask(transaction)).headers.etag;
  const remove = (tag) => ask(transaction, { method: "DELETE", headers: { "If-Match": tag } });
  assert.equal((await remove('"another"')).status, 412);
  assert.equal((await remove(tag)).status, 204);
  assert.equal((await ask(transaction)).status, 404);

  // -- GraphQL --

  const query = (text, variables) =>
    ask("/graphql/", { method: "POST", headers: JSON_TYPE, body: operation(text, variables) });
  const shown = await query("query ($id: ID!) { wallet(id: $id) { label balance } }", { id });
  assert.deepEqual([shown.status, shown.headers["content-type"]], [200, "application/json; charset=utf-8"]);
  assert.deepEqual(JSON.parse(shown.text).data.wallet, { label: "Across all origins", balance: "100.00" });
  const authorized = await ask("/graphql/", {
    method: "POST",
    headers: { ...JSON_TYPE, Accept: "application/graphql-response+json", Authorization: "Bearer x" },
    body: operation("{ nope }"),
  });
  assert.equal(authorized.status, 400);
  assert.equal(JSON.parse(authorized.text).errors[0].extensions.code, "graphql_validation_failed");
  const cached = `/graphql/?query=${encodeURIComponent("{ wallets { totalCount } }")}`;
  const counted = await ask(cached);
  assert.equal(counted.status, 200);
  const known = await ask(cached, { headers: { "If-None-Match": counted.headers.etag } });
  assert.deepEqual([known.status, known.headers.etag], [304, counted.headers.etag]);

  // -- subscriptions as server-sent events --

  const BALANCE = "subscription ($id: ID!) { walletBalance(id: $id) { balance } }";
  const subscription = {
    method: "POST",
    headers: { ...JSON_TYPE, Accept: "text/event-stream", Authorization: "Bearer x" },
    body: operation(BALANCE, { id }),
  };
  const follow = page.evaluate(([live, options]) => follow(live, options, 2), [live, subscription]);
  await page.waitForFunction(() => window.hasBegun);
  const CREATE = "mutation ($input: CreateTransactionInput!) { createTransaction(input: $input) { transaction { id } } }";
  const created = await query(CREATE, { input: { txid: "ACROSS-2", amount: "11.50", walletId: id } });
  assert.ok(JSON.parse(created.text).data.createTransaction.transaction, created.text);
  const events = await follow;
  assert.deepEqual([events.status, events.headers["content-type"]], [200, "text/event-stream; charset=utf-8"]);
  assert.deepEqual(events.text.match(/"\d+\.\d+"/g), ['"100.00"', '"111.50"']);

  const refused = await page.evaluate(([live, options]) => ask(live, options), [
    live,
    { method: "POST", headers: { ...JSON_TYPE, Accept: "application/json" }, body: subscription.body },
  ]);
  assert.deepEqual([refused.status, JSON.parse(refused.text).errors[0].extensions.code], [406, "not_acceptable"]);

  // The browser's own client of such streams.
  const streamed = new URL(live);
  streamed.searchParams.set("query", BALANCE);
  streamed.searchParams.set("variables", JSON.stringify({ id }));
  const listen = ([url]) =>
    new Promise((resolve) => {
      const source = new EventSource(url);
      const end = (what) => (source.close(), resolve(what));
      source.addEventListener("next", ({ data }) => end(data));
      source.addEventListener("error", () => end("refused"));
    });
  assert.equal(JSON.parse(await page.evaluate(listen, [streamed.href])).data.walletBalance.balance, "111.50");

  // -- a page of an origin that is not allowed --

  const stranger = await openPage(STRANGER_ORIGIN);
  const isRefused = (url, options) =>
    stranger.evaluate(([url, options]) => isRefused(url, options), [url, options]);
  const writes = [
    [wallet, { method: "PATCH", headers: { "Content-Type": MEDIA_TYPE }, body: document("Wallet", { label: "Mine" }, id) }],
    [wallet, { method: "DELETE" }],
    [`${server}/api/wallets/`, { method: "POST", headers: { "Content-Type": MEDIA_TYPE }, body: document("Wallet", { label: "Mine" }) }],
    [`${server}/graphql/`, { method: "POST", headers: JSON_TYPE, body: operation(CREATE, { input: { txid: "MINE", amount: "-1.00", walletId: id } }) }],
  ];
  for (const [url, options] of writes) {
    assert.equal(await isRefused(url, options), true, `${options.method} ${url}`);
    // Without asking first, and without a look at the answer, as forms do.
    const plain = { method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" }, body: options.body };
    const blind = await stranger.evaluate(([url, options]) => ask(url, options), [url, plain]);
    assert.deepEqual(blind, { status: 0, type: "opaque", headers: {}, text: "" });
  }
  for (const url of [wallet, `${server}/api/wallets/`, new URL(cached, server).href]) {
    assert.equal(await isRefused(url, { cache: "no-store" }), true, url);
    // A response cached for another page is not for this one either.
    assert.equal(await isRefused(url, { cache: "force-cache" }), true, url);
  }
  assert.equal(await isRefused(live, subscription), true);
  assert.equal(await isRefused(streamed.href), true);
  assert.equal(await stranger.evaluate(listen, [streamed.href]), "refused");
  const socket = ([url]) =>
    new Promise((resolve) => {
      const socket = new WebSocket(url, "graphql-transport-ws");
      socket.onopen = () => resolve("open");
      socket.onerror = () => resolve("refused");
    });
  const socketUrl = live.replace("http", "ws");
  assert.equal(await page.evaluate(socket, [socketUrl]), "open");
  assert.equal(await stranger.evaluate(socket, [socketUrl]), "refused");

  const LEFT = 'query ($id: ID!) { wallet(id: $id) { label balance } walletByLabel(label: "Mine") { id } }';
  const left = JSON.parse((await query(LEFT, { id })).text).data;
  assert.deepEqual(left, { wallet: { label: "Across all origins", balance: "111.50" }, walletByLabel: null });
} finally {
  await context.close();
}
