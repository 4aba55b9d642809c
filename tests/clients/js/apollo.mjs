import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";
import { filter, firstValueFrom } from "rxjs";
import { server } from "./support.mjs";

const requests = [];
const link = new HttpLink({
  uri: `${server}/graphql/`,
  fetch: (uri, options) => {
    requests.push({ method: options.method, isText: `${uri}${options.body}`.includes("hasNextPage") });
    return fetch(uri, options);
  },
});
const newCache = () =>
  new InMemoryCache({
    possibleTypes: { Node: ["Wallet", "Transaction", "Entry"] },
    typePolicies: { Query: { fields: { transactions: relayStylePagination(["filters"]) } } },
  });
const client = new ApolloClient({ link, cache: newCache() });

const WALLET = gql`query Wallet($id: ID!) { wallet(id: $id) { id label balance } }`;
const TRANSACTIONS = gql`
  query Transactions($wallet: ID!, $after: String) {
    transactions(filters: { wallet: $wallet }, first: 3, after: $after) {
      edges { cursor node { id txid amount } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;
const CREATE_WALLET = gql`
  mutation CreateWallet($input: CreateWalletInput!) {
    createWallet(input: $input) { wallet { id label balance } userErrors { code field } }
  }
`;
const CREATE_TRANSACTION = gql`
  mutation CreateTransaction($input: CreateTransactionInput!) {
    createTransaction(input: $input) { transaction { id wallet { id balance } } userErrors { code field } }
  }
`;
const transact = async (txid, amount) => {
  const input = { walletId: wallet.id, txid, amount };
  const { data } = await client.mutate({ mutation: CREATE_TRANSACTION, variables: { input } });
  return data.createTransaction;
};

// A mutation's payload updates the screen, without a request.
const opened = await client.mutate({ mutation: CREATE_WALLET, variables: { input: { label: "apollo", balance: "100.00" } } });
const { wallet } = opened.data.createWallet;
const shown = { query: WALLET, variables: { id: wallet.id } };
assert.equal((await client.query(shown)).data.wallet.balance, "100.00");
for (let number = 0; number < 7; number++) await transact(`apollo-${number}`, "10.00");
assert.equal(client.readQuery(shown).wallet.balance, "170.00");
assert.deepEqual((await transact("apollo-overdraft", "-170.01")).userErrors, [
  { __typename: "UserError", code: "insufficient_funds", field: "amount" },
]);
assert.equal(client.readQuery(shown).wallet.balance, "170.00");
await assert.rejects(client.query({ query: WALLET, variables: { id: "999999" } }), (error) => {
  return CombinedGraphQLErrors.is(error) && error.errors[0].extensions.code === "not_found";
});

// Pages that the cache joins into one list.
async function readAll(client) {
  const list = client.watchQuery({ query: TRANSACTIONS, variables: { wallet: wallet.id } });
  const subscription = list.subscribe(() => {});
  const shown = (count) =>
    firstValueFrom(list.pipe(filter(({ data }) => data?.transactions.edges.length === count)));
  let { pageInfo } = (await shown(3)).data.transactions;
  for (const count of [6, 7]) {
    assert.ok(pageInfo.hasNextPage);
    await list.fetchMore({ variables: { after: pageInfo.endCursor } });
    ({ pageInfo } = (await shown(count)).data.transactions);
  }
  assert.ok(!pageInfo.hasNextPage);
  const { edges } = list.getCurrentResult().data.transactions;
  assert.deepEqual(edges.map(({ node }) => node.txid), Array.from({ length: 7 }, (_, number) => `apollo-${number}`));
  assert.equal(pageInfo.startCursor, edges[0].cursor);
  subscription.unsubscribe();
}
await readAll(client);

// The same with persisted queries: the first request registers the query, the others are GETs of its hash.
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
requests.length = 0;
const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: true }).concat(link);
await readAll(new ApolloClient({ link: persisted, cache: newCache() }));
assert.deepEqual(requests, [
  { method: "GET", isText: false },
  { method: "POST", isText: true },
  { method: "GET", isText: false },
  { method: "GET", isText: false },
]);
