// jsona turns documents into objects and back; the requests are made by fetch.
import assert from "node:assert/strict";
import { Jsona } from "jsona";
import { absolute, balanceAfterwards, names, overdraft, pages, server } from "./support.mjs";

const jsona = new Jsona();
const type = "application/vnd.api+json";

async function request(path, { method = "GET", stuff, ...options } = {}) {
  const response = await fetch(absolute(path), {
    method,
    headers: { Accept: type, ...(stuff && { "Content-Type": type }) },
    body: stuff && JSON.stringify(jsona.serialize({ stuff, ...options })),
  });
  if (response.status === 204) return undefined;
  const document = await response.json();
  if (!response.ok) throw document.errors[0];
  return { ...document, found: jsona.deserialize(document) };
}

const transact = (txid, amount) =>
  request("/api/transactions/", {
    method: "POST",
    stuff: { type: "Transaction", txid, amount, wallet, relationshipNames: ["wallet"] },
  });

// Create, read, update.
const opened = { type: "Wallet", label: "jsona", balance: "100.00" };
const { found: wallet } = await request("/api/wallets/", { method: "POST", stuff: opened });
assert.equal(wallet.balance, "100.00");
for (const name of names) assert.equal((await transact(`jsona-${name}`, "10.00")).found.amount, "10.00");
const read = async () => (await request(wallet.links.self)).found;
assert.equal((await read()).balance, balanceAfterwards);
const renamed = { type: "Wallet", id: wallet.id, label: "jsona, renamed" };
await request(wallet.links.self, { method: "PATCH", stuff: renamed });
assert.equal((await read()).label, "jsona, renamed");

// Page through everything, with related resources.
let page = await request(`/api/transactions/?filter[wallet]=${wallet.id}&page[size]=3&include=wallet`);
const found = [page.found];
while (page.links.next) {
  page = await request(page.links.next);
  found.push(page.found);
}
assert.deepEqual(found.map((each) => each.length), pages);
assert.deepEqual(found.flat().map((each) => each.txid), names.map((name) => `jsona-${name}`));
assert.ok(found.flat().every((each) => each.wallet.label === "jsona, renamed"));
const whole = (await request(`${wallet.links.self}?include=transactions,entries`)).found;
assert.deepEqual(whole.transactions.map((each) => each.txid), found.flat().map((each) => each.txid));
assert.equal(whole.entries.at(-1).balanceAfter, balanceAfterwards);

// Errors.
await assert.rejects(transact("jsona-overdraft", overdraft), (error) => {
  assert.equal(error.code, "insufficient_funds");
  return error.source.pointer === "/data/attributes/amount";
});
await assert.rejects(request("/api/wallets/999999"), { code: "not_found" });

// Delete.
const [first] = found.flat();
await request(first.links.self, { method: "DELETE" });
await assert.rejects(request(first.links.self), { code: "not_found" });
