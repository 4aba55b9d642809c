import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import relay from "relay-runtime";
import { server } from "./support.mjs";

const { Environment, Network, RecordSource, Store, commitMutation, createOperationDescriptor, fetchQuery } = relay;
const compiled = async (name) => (await import(pathToFileURL(`${process.env.ARTIFACTS}/${name}.graphql.js`))).default;
const transactionsQuery = await compiled("operationsTransactionsQuery");
const openMutation = await compiled("operationsOpenMutation");
const postMutation = await compiled("operationsPostMutation");

const network = Network.create(async ({ text }, variables) => {
  const response = await fetch(`${server}/graphql/`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json" },
    body: JSON.stringify({ query: text, variables }),
  });
  return response.json();
});
const environment = new Environment({ network, store: new Store(new RecordSource()) });
const mutate = (mutation, variables) =>
  new Promise((onCompleted, onError) => commitMutation(environment, { mutation, variables, onCompleted, onError }));
const transact = async (txid, amount, connections = []) => {
  const input = { walletId: wallet.id, txid, amount };
  return (await mutate(postMutation, { input, connections })).createTransaction;
};

const { wallet } = (await mutate(openMutation, { input: { label: "relay", balance: "100.00" } })).createWallet;
assert.equal(wallet.balance, "100.00");
for (let number = 0; number < 7; number++) await transact(`relay-${number}`, "10.00");

// Page by page, which the store joins into one connection.
const variables = { wallet: wallet.id };
const shown = createOperationDescriptor(transactionsQuery, variables);
const retained = environment.retain(shown);
const read = () => environment.lookup(shown.fragment).data.node;
let after = null;
do {
  await fetchQuery(environment, transactionsQuery, { ...variables, after }).toPromise();
  const { hasNextPage, endCursor } = read().transactions.pageInfo;
  after = hasNextPage ? endCursor : null;
} while (after);
const txids = () => read().transactions.edges.map(({ node }) => node.txid);
const expected = Array.from({ length: 7 }, (_, number) => `relay-${number}`);
assert.deepEqual(txids(), expected);
assert.equal(read().balance, "170.00");

// A mutation's payload updates both the list and the balance, without a request.
await transact("relay-7", "-20.00", [read().transactions.__id]);
assert.deepEqual(txids(), [...expected, "relay-7"]);
assert.equal(read().balance, "150.00");

const refused = await transact("relay-overdraft", "-150.01");
assert.deepEqual(refused, { transaction: null, userErrors: [{ code: "insufficient_funds", field: "amount" }] });
assert.equal(read().balance, "150.00");
await assert.rejects(fetchQuery(environment, transactionsQuery, {}).toPromise(), /wallet/);
retained.dispose();
