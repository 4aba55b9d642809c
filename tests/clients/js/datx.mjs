import assert from "node:assert/strict";
import { Attribute, Collection, Model } from "@datx/core";
import { config, fetchModelRefLink, jsonapiCollection, jsonapiModel } from "@datx/jsonapi";
import { balanceAfterwards, names, overdraft, pages, server } from "./support.mjs";

config.baseUrl = `${server}/api/`;

class Wallet extends jsonapiModel(Model) {
  static type = "Wallet";
  static endpoint = "wallets";
}
class Transaction extends jsonapiModel(Model) {
  static type = "Transaction";
  static endpoint = "transactions";
}
// What its decorators do.
Attribute({ isIdentifier: true })(Wallet.prototype, "id");
for (const name of ["label", "balance"]) Attribute()(Wallet.prototype, name);
Attribute({ isIdentifier: true })(Transaction.prototype, "id");
for (const name of ["txid", "amount"]) Attribute()(Transaction.prototype, name);
Attribute({ toOne: Wallet })(Transaction.prototype, "wallet");
class Store extends jsonapiCollection(Collection) {
  static types = [Wallet, Transaction];
}

// One that knows of its transactions is sent with that relation, which is empty while it is new.
class NewWallet extends jsonapiModel(Model) {
  static type = "Wallet";
  static endpoint = "wallets";
}
Attribute({ isIdentifier: true })(NewWallet.prototype, "id");
for (const name of ["label", "balance"]) Attribute()(NewWallet.prototype, name);
Attribute({ toMany: Transaction })(NewWallet.prototype, "transactions");
class NewStore extends jsonapiCollection(Collection) {
  static types = [NewWallet, Transaction];
}

const store = new Store();
const transact = (txid, amount) => store.add({ txid, amount, wallet }, Transaction).save();

const opened = new NewStore().add({ label: "datx, opened", balance: "1.00" }, NewWallet);
await opened.save();
assert.equal(opened.balance, "1.00");

// Create, read, update.
const wallet = store.add({ label: "datx", balance: "100.00" }, Wallet);
await wallet.save();
assert.equal(wallet.balance, "100.00");
for (const name of names) assert.equal((await transact(`datx-${name}`, "10.00")).amount, "10.00");
const read = async () => (await new Store().getOne(Wallet, wallet.id)).data;
assert.equal((await read()).balance, balanceAfterwards);
const renamed = await read();
renamed.label = "datx, renamed";
await renamed.save();
assert.equal((await read()).label, "datx, renamed");

// Page through everything, with related resources. The client follows links as they are.
const queryParams = {
  filter: { wallet: wallet.id },
  include: ["wallet"],
  custom: [{ key: "page[size]", value: "3" }],
};
let page = await new Store().getMany(Transaction, { queryParams });
assert.equal(page.meta.pagination.count, names.length);
const found = [page.data];
while (page.next) {
  page = await page.next();
  found.push(page.data);
}
assert.deepEqual(found.map((each) => each.length), pages);
assert.deepEqual(found.flat().map((each) => each.txid), names.map((name) => `datx-${name}`));
assert.ok(found.flat().every((each) => each.wallet.label === "datx, renamed"));
const related = await fetchModelRefLink(await read(), "transactions", "related");
assert.equal(related.data.length, names.length);

// Errors.
await assert.rejects(transact("datx-overdraft", overdraft), (response) => {
  const [error] = response.error;
  assert.deepEqual([response.status, error.code], [422, "insufficient_funds"]);
  return error.source.pointer === "/data/attributes/amount";
});
await assert.rejects(store.getOne(Wallet, "999999"), (response) => response.error[0].code === "not_found");

// Delete.
const [first] = found.flat();
await first.destroy();
await assert.rejects(store.getOne(Transaction, first.id), (response) => response.status === 404);
