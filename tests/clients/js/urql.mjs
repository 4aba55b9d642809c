import assert from "node:assert/strict";
import { Client, cacheExchange, fetchExchange, gql } from "@urql/core";
import { server } from "./support.mjs";

const client = new Client({ url: `${server}/graphql/`, exchanges: [cacheExchange, fetchExchange], preferGetMethod: true });
const dataOf = ({ data, error }) => {
  if (error) throw error;
  return data;
};
const query = async (document, variables) => dataOf(await client.query(document, variables).toPromise());
const mutate = async (document, input) => dataOf(await client.mutation(document, { input }).toPromise());

const WALLET = gql`query ($id: ID!) { wallet(id: $id) { id balance transactions(first: 2) { totalCount } } }`;
const TRANSACTIONS = gql`
  query ($wallet: ID!, $after: String) {
    transactions(filters: { wallet: $wallet }, first: 3, after: $after) {
      edges { node { id txid } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;
const CREATE_WALLET = gql`
  mutation ($input: CreateWalletInput!) {
    createWallet(input: $input) { wallet { id } userErrors { code } }
  }
`;
const CREATE_TRANSACTION = gql`
  mutation ($input: CreateTransactionInput!) {
    createTransaction(input: $input) { transaction { id amount wallet { id } } userErrors { code field message } }
  }
`;

const { wallet } = (await mutate(CREATE_WALLET, { label: "urql", balance: "100.00" })).createWallet;
const transact = async (txid, amount) =>
  (await mutate(CREATE_TRANSACTION, { walletId: wallet.id, txid, amount })).createTransaction;

assert.equal((await query(WALLET, { id: wallet.id })).wallet.balance, "100.00");
for (let number = 0; number < 7; number++) {
  assert.equal((await transact(`urql-${number}`, "10.00")).transaction.amount, "10.00");
}
// The client's cache has seen in the answers that wallets were touched, and asks again.
const { balance, transactions } = (await query(WALLET, { id: wallet.id })).wallet;
assert.deepEqual([balance, transactions.totalCount], ["170.00", 7]);

const found = [];
let after = null;
do {
  const page = (await query(TRANSACTIONS, { wallet: wallet.id, after })).transactions;
  found.push(page.edges.map(({ node }) => node.txid));
  after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
} while (after);
assert.deepEqual(found.map((each) => each.length), [3, 3, 1]);
assert.deepEqual(found.flat(), Array.from({ length: 7 }, (_, number) => `urql-${number}`));

const refused = await transact("urql-overdraft", "-170.01");
assert.equal(refused.transaction, null);
assert.deepEqual([refused.userErrors[0].code, refused.userErrors[0].field], ["insufficient_funds", "amount"]);
await assert.rejects(query(WALLET, { id: "999999" }), (error) => {
  return error.graphQLErrors[0].extensions.code === "not_found" && error.response.status === 200;
});
await assert.rejects(query(gql`{ wallets { nope } }`), (error) => {
  return error.graphQLErrors[0].extensions.code === "graphql_validation_failed";
});
