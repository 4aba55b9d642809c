import assert from "node:assert/strict";
import jsonapi from "@orbit/jsonapi";
import records from "@orbit/records";
import serializers from "@orbit/serializers";
import { absolute, balanceAfterwards, names, overdraft, pages, server } from "./support.mjs";

const { JSONAPISerializers, JSONAPISource } = jsonapi;
const keyMap = new records.RecordKeyMap();
const schema = new records.RecordSchema({
  models: {
    Wallet: {
      keys: { remoteId: {} },
      attributes: { label: { type: "string" }, balance: { type: "string" }, createdAt: { type: "datetime" } },
      relationships: { transactions: { kind: "hasMany", type: "Transaction", inverse: "wallet" } },
    },
    Transaction: {
      keys: { remoteId: {} },
      attributes: { txid: { type: "string" }, amount: { type: "string" } },
      relationships: { wallet: { kind: "hasOne", type: "Wallet", inverse: "transactions" } },
    },
  },
});
const source = new JSONAPISource({
  schema,
  keyMap,
  host: server,
  namespace: "api",
  defaultFetchSettings: { timeout: 60_000 },
  serializerSettingsFor: serializers.buildSerializerSettingsFor({
    settingsByType: {
      [JSONAPISerializers.ResourceTypePath]: {
        serializationOptions: { inflectors: [(type) => `${type.toLowerCase()}s`] },
      },
    },
  }),
});
const transact = (txid, amount) =>
  source.update((t) =>
    t.addRecord({ type: "Transaction", attributes: { txid, amount }, relationships: { wallet: { data: wallet } } }),
  );

// Create, read, update.
const wallet = await source.update((t) =>
  t.addRecord({ type: "Wallet", attributes: { label: "orbit", balance: "100.00" } }),
);
assert.equal(wallet.attributes.balance, "100.00");
assert.ok(wallet.attributes.createdAt instanceof Date);
for (const name of names) assert.equal((await transact(`orbit-${name}`, "10.00")).attributes.amount, "10.00");
const read = () => source.query((q) => q.findRecord(wallet));
assert.equal((await read()).attributes.balance, balanceAfterwards);
await source.update((t) => t.replaceAttribute(wallet, "label", "orbit, renamed"));
assert.equal((await read()).attributes.label, "orbit, renamed");

// Page through everything, with related resources.
const list = (options) => source.query((q) => q.findRecords("Transaction"), { fullResponse: true, ...options });
let page = await list({ filter: { wallet: keyMap.idToKey("Wallet", "remoteId", wallet.id) }, page: { size: 3 }, include: "wallet" });
const found = [page.data];
assert.equal(page.transforms[0].operations.at(-1).record.attributes.label, "orbit, renamed");
while (page.details[0].document.links.next) {
  page = await list({ url: absolute(page.details[0].document.links.next) });
  found.push(page.data);
}
assert.deepEqual(found.map((each) => each.length), pages);
assert.deepEqual(found.flat().map((each) => each.attributes.txid), names.map((name) => `orbit-${name}`));
assert.ok(found.flat().every((each) => each.relationships.wallet.data.id === wallet.id));
const related = await source.query((q) => q.findRelatedRecords(wallet, "transactions"));
assert.deepEqual(related.map((each) => each.id), found.flat().map((each) => each.id));
const [first] = found.flat();
assert.equal((await source.query((q) => q.findRelatedRecord(first, "wallet"))).id, wallet.id);

// Errors. The client holds back all further requests until the refused one is dropped.
await assert.rejects(transact("orbit-overdraft", overdraft), (error) => {
  assert.equal(error.response.status, 422);
  assert.equal(error.data.errors[0].code, "insufficient_funds");
  return error.data.errors[0].source.pointer === "/data/attributes/amount";
});
await source.requestQueue.skip();
await assert.rejects(source.update((t) => t.removeRecord(wallet)), (error) => {
  return error.data.errors[0].code === "wallet_not_empty";
});
await source.requestQueue.skip();

// Delete. For the client, a missing resource is undefined.
await source.update((t) => t.removeRecord(first));
assert.equal(await source.query((q) => q.findRecord(first)), undefined);
