// The checks for each client of subscriptions; `subscribe` yields the data of each result.
import assert from "node:assert/strict";
import { server } from "./support.mjs";

async function mutate(query, input) {
  const response = await fetch(`${server}/graphql/`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query, variables: { input } }),
  });
  return (await response.json()).data;
}

const CREATE_WALLET = "mutation ($input: CreateWalletInput!) { createWallet(input: $input) { wallet { id } } }";
const CREATE_TRANSACTION =
  "mutation ($input: CreateTransactionInput!) { createTransaction(input: $input) { transaction { id } } }";
const BALANCE = "subscription ($id: ID!) { walletBalance(id: $id) { balance sequence } }";
const TRANSACTIONS = `subscription ($id: ID!, $after: Long) {
  transactions(walletId: $id, afterSequence: $after) { sequence kind txid balanceAfter transaction { amount } }
}`;

export async function follow(name, subscribe) {
  const { wallet } = (await mutate(CREATE_WALLET, { label: name, balance: "100.00" })).createWallet;
  const transact = (txid, amount) => mutate(CREATE_TRANSACTION, { walletId: wallet.id, txid, amount });

  // The state of now comes first, then each change.
  const balances = subscribe({ query: BALANCE, variables: { id: wallet.id } });
  const next = async (results) => (await results.next()).value;
  assert.deepEqual(await next(balances), { data: { walletBalance: { balance: "100.00", sequence: 1 } } });
  await transact(`${name}-1`, "10.00");
  assert.deepEqual(await next(balances), { data: { walletBalance: { balance: "110.00", sequence: 2 } } });
  await balances.return();

  // Events are not missed while no client is connected.
  await transact(`${name}-2`, "-10.00");
  const entries = subscribe({ query: TRANSACTIONS, variables: { id: wallet.id, after: 2 } });
  const entry = async () => (await next(entries)).data.transactions;
  assert.deepEqual(await entry(), {
    sequence: 3,
    kind: "post",
    txid: `${name}-2`,
    balanceAfter: "100.00",
    transaction: { amount: "-10.00" },
  });
  await transact(`${name}-3`, "5.00");
  const { sequence, balanceAfter } = await entry();
  assert.deepEqual([sequence, balanceAfter], [4, "105.00"]);
  await entries.return();
}

export const MISSING = { query: BALANCE, variables: { id: "999999" } };
export const UNKNOWN_FIELD = { query: "subscription { nope }" };
