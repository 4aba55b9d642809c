import assert from "node:assert/strict";
import Kitsu from "kitsu";
import { absolute, balanceAfterwards, names, overdraft, pages, server } from "./support.mjs";

const api = new Kitsu({ baseURL: `${server}/api`, camelCaseTypes: false, pluralize: false });

// The short forms of writes take one word for both the type and the path.
const post = (type, url, body) => api.request({ method: "POST", type, url, body });
const transact = (txid, amount) =>
  post("Transaction", "transactions", { txid, amount, wallet: { data: { type: "Wallet", id: wallet.id } } });

// Create, read, update.
const created = await post("Wallet", "wallets", { label: "kitsu", balance: "100.00" });
assert.equal(created.status, 201);
const wallet = created.data;
assert.equal(wallet.balance, "100.00");
for (const name of names) assert.equal((await transact(`kitsu-${name}`, "10.00")).data.amount, "10.00");
assert.equal((await api.get(`wallets/${wallet.id}`)).data.balance, balanceAfterwards);
await api.request({
  method: "PATCH",
  type: "Wallet",
  url: `wallets/${wallet.id}`,
  body: { id: wallet.id, label: "kitsu, renamed" },
});
assert.equal((await api.get(`wallets/${wallet.id}`)).data.label, "kitsu, renamed");

// Page through everything, with related resources.
let page = await api.get("transactions", { params: { filter: { wallet: wallet.id }, page: { size: 3 }, include: "wallet" } });
assert.equal(page.meta.pagination.count, names.length);
const found = [page.data];
while (page.links.next) {
  page = await api.request({ url: absolute(page.links.next) });
  found.push(page.data);
}
assert.deepEqual(found.map((each) => each.length), pages);
assert.deepEqual(found.flat().map((each) => each.txid), names.map((name) => `kitsu-${name}`));
assert.ok(found.flat().every((each) => each.wallet.data.label === "kitsu, renamed"));
const related = await api.get(`wallets/${wallet.id}/transactions`);
assert.equal(related.data.length, names.length);

// Errors.
await assert.rejects(transact("kitsu-overdraft", overdraft), (error) => {
  assert.equal(error.response.status, 422);
  assert.equal(error.errors[0].code, "insufficient_funds");
  return error.errors[0].source.pointer === "/data/attributes/amount";
});
await assert.rejects(api.get("wallets/999999"), (error) => error.errors[0].code === "not_found");

// Delete. The client sends a document along.
const [first] = found.flat();
assert.equal((await api.delete("transactions", first.id)).status, 204);
await assert.rejects(api.get(`transactions/${first.id}`), (error) => error.response.status === 404);
