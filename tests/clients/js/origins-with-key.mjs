// A frontend on another origin, in Chromium, at a server that asks for keys: its page sends one, follows a Location, reads
// an ETag, changes under If-Match, narrows itself to an owner, and reads the refusals.
import assert from "node:assert/strict";
import { openBrowser } from "./browser.mjs";
import { server } from "./support.mjs";

const { FOLDER, KEY, LIMITED_KEY, PAGE_ORIGIN } = process.env;
const Authorization = `Bearer ${KEY}`;
const MEDIA_TYPE = { "Content-Type": "application/vnd.api+json" };
const document = (attributes, id) => JSON.stringify({ data: { type: "Wallet", id, attributes } });
const codeOf = ({ text }) => JSON.parse(text).errors[0].code ?? JSON.parse(text).errors[0].extensions.code;

const context = await openBrowser(FOLDER);
try {
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  assert.equal((await page.goto(PAGE_ORIGIN)).status(), 200);
  // Answers with all that fetch() shows to the page.
  const ask = (url, options) =>
    page.evaluate(
      async ([url, options]) => {
        const response = await fetch(url, options);
        const headers = Object.fromEntries(response.headers);
        return { status: response.status, headers, text: await response.text() };
      },
      [new URL(url, server).href, options],
    );

  // Without a key, or with one that is none, the page reads why it is refused.
  for (const headers of [{}, { Authorization: "Bearer x" }]) {
    for (const [url, Accept] of [
      ["/api/wallets/", MEDIA_TYPE["Content-Type"]],
      ["/graphql/?query={__typename}", "application/json"],
      [`${process.env.LIVE_URL}?query=subscription{nothing}`, "text/event-stream"],
    ]) {
      const refused = await ask(url, { headers: { ...headers, Accept } });
      assert.deepEqual([refused.status, codeOf(refused)], [401, "unauthenticated"]);
    }
  }

  const opened = await ask("/api/wallets/", {
    method: "POST",
    headers: { ...MEDIA_TYPE, Authorization, "Idempotency-Key": "k-1" },
    body: document({ label: "Across origins", balance: "100.00" }),
  });
  assert.equal(opened.status, 201, opened.text);
  const wallet = opened.headers.location;
  const { id } = JSON.parse(opened.text).data;

  const read = await ask(wallet, { headers: { Authorization } });
  assert.deepEqual([read.status, JSON.parse(read.text).data.id], [200, id]);
  const { etag } = read.headers;
  assert.match(etag, /^"\w+"$/);
  const known = await ask(wallet, { headers: { Authorization, "If-None-Match": etag } });
  assert.deepEqual([known.status, known.text], [304, ""]);

  const rename = (label, tag) =>
    ask(wallet, {
      method: "PATCH",
      headers: { ...MEDIA_TYPE, Authorization, "If-Match": tag },
      body: document({ label }, id),
    });
  assert.equal((await rename("Across all origins", etag)).status, 200);
  const outdated = await rename("Never", etag);
  assert.deepEqual([outdated.status, codeOf(outdated)], [412, "precondition_failed"]);

  // Narrowed to another owner, it does not see the wallet.
  assert.equal((await ask(wallet, { headers: { Authorization, "Walletsvc-Owner": "bob" } })).status, 404);

  // Too many requests: the page reads how many it may send and when it may ask again, and nothing has changed.
  const before = await ask(wallet, { headers: { Authorization } });
  assert.match(before.headers["ratelimit-policy"], /^"principal";q=6000;w=60$/);
  assert.match(before.headers.ratelimit, /^"principal";r=\d+;t=\d+$/);
  const limited = { Authorization: `Bearer ${LIMITED_KEY}` };
  const statuses = [];
  while (statuses.at(-1) !== 429 && statuses.length < 10) statuses.push((await ask(wallet, { headers: limited })).status);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429]);
  const query = { "Content-Type": "application/json" };
  for (const [url, options] of [
    [wallet, { headers: limited }],
    [wallet, { method: "DELETE", headers: limited }],
    ["/graphql/", { method: "POST", headers: { ...limited, ...query }, body: '{"query": "{ __typename }"}' }],
  ]) {
    const refused = await ask(url, options);
    assert.deepEqual([refused.status, codeOf(refused)], [429, "rate_limited"]);
    assert.match(refused.headers["retry-after"], /^[1-9]\d*$/);
    assert.match(refused.headers.ratelimit, /^"principal";r=0;t=[1-9]\d*$/);
    assert.equal(refused.headers["ratelimit-policy"], '"principal";q=5;w=60');
  }
  assert.deepEqual((await ask(wallet, { headers: { Authorization } })).text, before.text);

  // Never by what the browser sends on its own.
  const withCookies = await page.evaluate(
    ([url]) => fetch(url, { credentials: "include" }).then(() => "read", () => "refused"),
    [wallet],
  );
  assert.equal(withCookies, "refused");
} finally {
  await context.close();
}
