// Documents with the types that graphql-codegen's client preset makes of them, sent by fetch.
import assert from "node:assert/strict";
import { useFragment } from "./generated/fragment-masking.js";
import { graphql } from "./generated/gql.js";
import type { TypedDocumentString } from "./generated/graphql.js";

interface Answer<Result> {
  data?: Result;
  errors?: { message: string; extensions: { code: string } }[];
}

async function request<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  ...[variables]: Variables extends Record<string, never> ? [] : [Variables]
): Promise<Answer<Result>> {
  const response = await fetch(`${process.env["SERVER_URL"]}/graphql/`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json" },
    body: JSON.stringify({ query: document, variables }),
  });
  return (await response.json()) as Answer<Result>;
}

async function execute<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  ...variables: Variables extends Record<string, never> ? [] : [Variables]
): Promise<Result> {
  const { data, errors } = await request(document, ...variables);
  assert.ok(data !== undefined && errors === undefined, JSON.stringify(errors));
  return data;
}

const walletFields = graphql(`
  fragment WalletFields on Wallet { id databaseId label balance sequence metadata createdAt }
`);
const createWallet = graphql(`
  mutation CreateWallet($input: CreateWalletInput!) {
    createWallet(input: $input) { wallet { ...WalletFields } userErrors { code message field } }
  }
`);
const createTransaction = graphql(`
  mutation CreateTransaction($input: CreateTransactionInput!) {
    createTransaction(input: $input) {
      transaction { txid amount wallet { ...WalletFields } }
      userErrors { code field }
    }
  }
`);
const transactions = graphql(`
  query Transactions($filters: TransactionFilters, $ordering: [TransactionOrder!], $first: Int, $after: String) {
    transactions(filters: $filters, ordering: $ordering, first: $first, after: $after) {
      edges { cursor node { txid amount createdAt wallet { ...WalletFields } } }
      pageInfo { hasNextPage endCursor }
      totalCount
    }
  }
`);
const node = graphql(`
  query Node($id: ID!) { node(id: $id) { __typename ... on Wallet { ...WalletFields } ... on Transaction { txid } } }
`);
const collections = graphql(`query Collections { wallets(first: 1) { totalCount } }`);

// Create. What has a default may be left out.
const created = (await execute(createWallet, { input: { label: "codegen", balance: "100.00", metadata: { color: "red" } } })).createWallet;
assert.deepEqual(created?.userErrors, []);
const wallet = useFragment(walletFields, created?.wallet);
assert.ok(wallet);
assert.deepEqual([wallet.balance satisfies string, wallet.sequence satisfies number], ["100.00", 1]);
assert.deepEqual(wallet.metadata, { color: "red" });
const transact = async (txid: string, amount: string | number) =>
  (await execute(createTransaction, { input: { walletId: wallet.id, txid: `codegen-${txid}`, amount } })).createTransaction;
for (const txid of ["one", "two", "three", "four"]) {
  assert.equal((await transact(txid, "10.00"))?.transaction?.amount, "10.00");
}

// List, with filters and an order, page by page.
const found: string[] = [];
const filters = { wallet: wallet.databaseId, amount: { gte: "5.00" } };
const list = async (after: string | null) =>
  (await execute(transactions, { filters, ordering: [{ txid: "DESC" }], first: 3, after })).transactions;
for (let after: string | null = null, isLast = false; !isLast; ) {
  const page: Awaited<ReturnType<typeof list>> = await list(after);
  assert.ok(page);
  found.push(...page.edges.map((edge) => edge.node.txid));
  assert.equal(page.totalCount, 4);
  assert.equal(useFragment(walletFields, page.edges[0]?.node.wallet)?.balance, "140.00");
  after = page.pageInfo.endCursor ?? null;
  isLast = !page.pageInfo.hasNextPage;
}
assert.deepEqual(found, ["codegen-two", "codegen-three", "codegen-one", "codegen-four"]);

// Any object by its global id.
const any = (await execute(node, { id: wallet.id })).node;
assert.ok(any?.__typename === "Wallet");
assert.equal(useFragment(walletFields, any).label, "codegen");
assert.ok((await execute(collections)).wallets!.totalCount >= 1);

// Errors: of the user in the payload, of the request beside the data.
const overdraft = await transact("overdraft", "-140.01");
assert.equal(overdraft?.transaction, null);
assert.deepEqual(overdraft?.userErrors.map(({ code, field }) => [code, field]), [["insufficient_funds", "amount"]]);
const { errors } = await request(transactions, { first: 101 });
assert.equal(errors?.[0]?.extensions.code, "invalid_parameter");

// What the compiler refuses. Each of these lines is an error, or else the compiler complains that it is none.
export const refused = [
  // @ts-expect-error A wallet has a label.
  () => execute(createWallet, { input: { balance: "1.00" } }),
  // @ts-expect-error The input is required.
  () => execute(createWallet, {}),
  // @ts-expect-error There is no such filter.
  () => execute(transactions, { filters: { iban: "" } }),
  // @ts-expect-error There is no such direction.
  () => execute(transactions, { ordering: [{ txid: "SIDEWAYS" }] }),
  // @ts-expect-error The document does not ask for it.
  () => created?.wallet?.updatedAt,
];
