import assert from "node:assert/strict";
import JsonApi from "devour-client";
import { absolute, balanceAfterwards, names, overdraft, pages, server } from "./support.mjs";

const api = new JsonApi({
  apiUrl: `${server}/api`,
  logger: false,
  pluralize: false,
  trailingSlash: true,
  errorBuilder: ({ code, status }) => ({ code, status }),
});
api.define(
  "Wallet",
  { label: "", balance: "", transactions: { jsonApi: "hasMany", type: "Transaction" } },
  { collectionPath: "wallets" },
);
api.define(
  "Transaction",
  { txid: "", amount: "", wallet: { jsonApi: "hasOne", type: "Wallet" } },
  { collectionPath: "transactions" },
);
const transact = (txid, amount) => api.create("Transaction", { txid, amount, wallet: { id: wallet.id } });

// Create, read, update.
const { data: wallet } = await api.create("Wallet", { label: "devour", balance: "100.00" });
assert.equal(wallet.balance, "100.00");
for (const name of names) assert.equal((await transact(`devour-${name}`, "10.00")).data.amount, "10.00");
assert.equal((await api.find("Wallet", wallet.id)).data.balance, balanceAfterwards);
await api.update("Wallet", { id: wallet.id, label: "devour, renamed" });
assert.equal((await api.find("Wallet", wallet.id)).data.label, "devour, renamed");

// Page through everything, with related resources.
const params = { filter: { wallet: wallet.id }, page: { size: 3 }, include: "wallet" };
let page = await api.findAll("Transaction", params);
assert.equal(page.meta.pagination.count, names.length);
const found = [page.data];
while (page.links.next) {
  page = await api.request(absolute(page.links.next));
  found.push(page.data);
}
assert.deepEqual(found.map((each) => each.length), pages);
assert.deepEqual(found.flat().map((each) => each.txid), names.map((name) => `devour-${name}`));
assert.ok(found.flat().every((each) => each.wallet.label === "devour, renamed"));
const related = await api.one("Wallet", wallet.id).all("Transaction").get();
assert.equal(related.data.length, names.length);

// Errors, which the client files under the last part of the pointer.
await assert.rejects(transact("devour-overdraft", overdraft), (errors) => {
  assert.deepEqual(errors, { amount: { code: "insufficient_funds", status: "422" } });
  return true;
});
await assert.rejects(api.find("Wallet", 999999), (errors) => errors[0].code === "not_found");

// Delete.
const [first] = found.flat();
await api.destroy("Transaction", first.id);
await assert.rejects(api.find("Transaction", first.id), (errors) => errors[0].code === "not_found");
