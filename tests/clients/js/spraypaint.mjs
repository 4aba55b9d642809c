import assert from "node:assert/strict";
import spraypaint from "spraypaint";
import { balanceAfterwards, names, overdraft, pages, server } from "./support.mjs";

const { SpraypaintBase, attr, belongsTo, hasMany } = spraypaint;
const Base = SpraypaintBase.extend({
  static: { baseUrl: server, apiNamespace: "/api", keyCase: { server: "camel", client: "camel" } },
});
const Wallet = Base.extend({
  static: { jsonapiType: "Wallet", endpoint: "/wallets" },
  attrs: { label: attr(), balance: attr({ persist: true }), transactions: hasMany("Transaction") },
});
const Transaction = Base.extend({
  static: { jsonapiType: "Transaction", endpoint: "/transactions" },
  attrs: { txid: attr(), amount: attr(), wallet: belongsTo("Wallet") },
});

// Create, read, update.
const wallet = new Wallet({ label: "spraypaint", balance: "100.00" });
assert.equal(await wallet.save(), true);
assert.equal(wallet.balance, "100.00");
async function transact(txid, amount) {
  const transaction = new Transaction({ txid, amount, wallet });
  return { saved: await transaction.save({ with: "wallet.id" }), transaction };
}
for (const name of names) {
  const { saved, transaction } = await transact(`spraypaint-${name}`, "10.00");
  assert.deepEqual([saved, transaction.amount], [true, "10.00"]);
}
const read = async () => (await Wallet.find(wallet.id)).data;
assert.equal((await read()).balance, balanceAfterwards);
const renamed = await read();
renamed.label = "spraypaint, renamed";
assert.equal(await renamed.save(), true);
assert.equal((await read()).label, "spraypaint, renamed");

// Page through everything, with related resources.
const found = [];
for (let number = 1; number <= pages.length; number++) {
  const list = Transaction.where({ wallet: wallet.id }).includes("wallet").order("id").page(number).per(3);
  const page = await list.all();
  assert.equal(page.meta.pagination.count, names.length);
  found.push(page.data);
}
assert.deepEqual(found.map((each) => each.length), pages);
assert.deepEqual(found.flat().map((each) => each.txid), names.map((name) => `spraypaint-${name}`));
assert.ok(found.flat().every((each) => each.wallet.label === "spraypaint, renamed"));
const sparse = await Transaction.where({ txid: "spraypaint-one" }).select(["amount"]).first();
assert.deepEqual([sparse.data.amount, sparse.data.txid], ["10.00", undefined]);

// Errors, which the client files by an attribute in their meta, where its own server names it.
const { saved, transaction } = await transact("spraypaint-overdraft", overdraft);
assert.equal(saved, false);
const [error] = Object.values(transaction.errors);
assert.deepEqual([error.code, error.fullMessage], ["insufficient_funds", "The balance does not cover it."]);
assert.equal(error.rawPayload.source.pointer, "/data/attributes/amount");
await assert.rejects(Wallet.find(999999), (error) => error.response.status === 404);

// Delete.
const [first] = found.flat();
assert.equal(await first.destroy(), true);
await assert.rejects(Transaction.find(first.id), (error) => error.response.status === 404);
