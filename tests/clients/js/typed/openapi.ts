// openapi-fetch, with the types that openapi-typescript makes of the API's description.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Wallet = components["schemas"]["Wallet"];
type Code = components["schemas"]["Error422"]["code"];

const mediaType = "application/vnd.api+json";
const client = createClient<paths>({ baseUrl: process.env["SERVER_URL"]!, headers: { "Content-Type": mediaType } });

function found<T>({ data, error }: { data?: T; error?: unknown }): NonNullable<T> {
  assert.ok(data, JSON.stringify(error));
  return data;
}

// Create, with as little as it takes, and with everything.
const open = async (attributes: components["schemas"]["NewWallet"]["attributes"]): Promise<Wallet> =>
  found(await client.POST("/api/wallets/", { body: { data: { type: "Wallet", attributes } } })).data;
const wallet = await open({ label: "openapi-fetch" });
assert.equal(wallet.attributes?.currency, "USD");
const other = await open({ label: "openapi-fetch, other", balance: "100.00", currency: "USD", metadata: { color: "red" } });
assert.deepEqual(other.attributes?.metadata, { color: "red" });
const opened = await client.POST("/api/wallets/", {
  params: { query: { "fields[Wallet]": "label,currency" } },
  body: { data: { type: "Wallet", attributes: { label: "openapi-fetch, in yen", currency: "JPY" } } },
});
assert.deepEqual(found(opened).data.attributes, { label: "openapi-fetch, in yen", currency: "JPY" });
assert.match(opened.response.headers.get("Location")!, /\/api\/wallets\/[0-9]+\/$/);

const transact = (txid: string, amount: string) =>
  client.POST("/api/transactions/", {
    body: {
      data: {
        type: "Transaction",
        attributes: { txid: `openapi-fetch-${txid}`, amount },
        relationships: { wallet: { data: { type: "Wallet", id: wallet.id } } },
      },
    },
  });
for (const txid of ["one", "two", "three", "four"]) found(await transact(txid, "10.00"));

// List, with filters, an order, included resources and pages.
const listed = found(
  await client.GET("/api/transactions/", {
    params: {
      query: {
        "filter[wallet]": wallet.id,
        "filter[amount.gte]": "5.00",
        sort: "-createdAt,txid",
        include: "wallet,entries",
        "fields[Transaction]": "txid,amount,wallet",
        "page[size]": 3,
      },
    },
  }),
);
assert.deepEqual(
  listed.data.map((each) => each.attributes?.txid),
  ["openapi-fetch-four", "openapi-fetch-three", "openapi-fetch-two"],
);
assert.equal(listed.meta?.pagination?.count, 4);
assert.equal(listed.data[0]?.relationships?.wallet?.data?.id, wallet.id);
const included = listed.included ?? [];
for (const each of included) {
  // The type tells which attributes there are.
  if (each.type === "Wallet") assert.equal(each.attributes?.balance, "40.00");
  else if (each.type === "Entry") assert.equal(each.attributes?.kind, "post");
}
assert.deepEqual(included.map((each) => each.type).sort(), ["Entry", "Entry", "Entry", "Wallet"]);
const next = listed.links["next"];
assert.ok(typeof next === "string");
const rest = await fetch(new URL(next, process.env["SERVER_URL"]), { headers: { Accept: mediaType } });
assert.equal(((await rest.json()) as components["schemas"]["TransactionList"]).data.length, 1);

// Related resources, and the relationship itself. An opening has no transaction.
const [first] = found(await client.GET("/api/wallets/{id}/transactions/", { params: { path: { id: wallet.id } } })).data;
assert.ok(first);
const path = { id: first.id };
await client.PATCH("/api/transactions/{id}/relationships/wallet/", {
  params: { path },
  body: { data: { type: "Wallet", id: other.id } },
});
const moved = found(await client.GET("/api/transactions/{id}/relationships/wallet/", { params: { path } })).data;
assert.equal(moved?.id, other.id);
const [opening] = found(await client.GET("/api/wallets/{id}/entries/", { params: { path: { id: other.id } } })).data;
assert.equal(opening?.attributes?.kind, "opening");
const none = await client.GET("/api/entries/{id}/transaction/", { params: { path: { id: opening.id } } });
assert.equal(found(none).data?.attributes?.txid, undefined);

// Change, guarded by the tag that was read.
const read = await client.GET("/api/wallets/{id}/", { params: { path: { id: wallet.id } } });
const etag = read.response.headers.get("ETag")!;
const rename = (label: string, guard: string) =>
  client.PATCH("/api/wallets/{id}/", {
    params: { path: { id: wallet.id }, header: { "If-Match": guard } },
    body: { data: { type: "Wallet", id: wallet.id, attributes: { label } } },
  });
assert.equal(found(await rename("openapi-fetch, renamed", etag)).data.attributes?.label, "openapi-fetch, renamed");
const late = await rename("openapi-fetch, too late", etag);
assert.equal(late.response.status, 412);
assert.equal(late.error?.errors[0]?.code, "precondition_failed");
const unchanged = await client.GET("/api/wallets/{id}/", {
  params: { path: { id: other.id }, header: { "If-None-Match": '"of something else"' } },
});
assert.equal(unchanged.response.status, 200);

// Errors. The compiler knows every code.
function explain(code: Code): string {
  switch (code) {
    case "insufficient_funds":
      return "The wallet cannot cover it.";
    case "scale_exceeded":
    case "precision_exceeded":
      return "That is too exact.";
    default:
      return "Something else is wrong.";
  }
}
const { error, response } = await transact("overdraft", "-30.01");
assert.equal(response.status, 422);
const [problem] = (error as components["schemas"]["Errors422"]).errors;
assert.ok(problem);
assert.equal(problem.status satisfies "422", "422");
assert.equal(explain(problem.code), "The wallet cannot cover it.");
assert.equal(problem.source?.pointer, "/data/attributes/amount");
assert.equal(problem.meta?.["balance"], "30.00");
const twice = await transact("one", "1.00");
assert.equal(twice.error?.errors[0]?.code, "duplicate_txid");
const missing = await client.GET("/api/wallets/{id}/", { params: { path: { id: "999999" } } });
assert.equal(missing.error?.errors[0]?.code, "not_found");
const unknown = await client.GET("/api/wallets/", { params: { query: { sort: "iban" } } });
assert.equal(unknown.error?.errors[0]?.source?.parameter, "sort");

// Operations, all or nothing.
const atomic = 'application/vnd.api+json; ext="https://jsonapi.org/ext/atomic"';
const done = await client.POST("/api/operations/", {
  headers: { "Content-Type": atomic, Accept: atomic },
  body: {
    "atomic:operations": [
      { op: "add", data: { type: "Wallet", lid: "new", attributes: { label: "openapi-fetch, atomic" } } },
      { op: "remove", ref: { type: "Transaction", id: first.id } },
    ],
  },
});
assert.equal(found(done)["atomic:results"][0]?.data?.type, "Wallet");
const absent = await client.DELETE("/api/transactions/{id}/", { params: { path } });
assert.equal(absent.error?.errors[0]?.code, "not_found");

// What the compiler refuses. Each of these lines is an error, or else the compiler complains that it is none.
export const refused = [
  // @ts-expect-error A wallet has a label.
  () => open({ balance: "1.00" }),
  // @ts-expect-error There is no such attribute.
  () => open({ label: "", iban: "" }),
  // @ts-expect-error There is no such currency.
  () => open({ label: "", currency: "XXX" }),
  // @ts-expect-error The label is a text.
  () => open({ label: null }),
  // @ts-expect-error There is no such filter.
  () => client.GET("/api/wallets/", { params: { query: { "filter[iban]": "" } } }),
  // @ts-expect-error There is no such URL.
  () => client.GET("/api/accounts/"),
  // @ts-expect-error Entries cannot be written.
  () => client.POST("/api/entries/", {}),
  // @ts-expect-error A transaction is of a wallet.
  () => client.POST("/api/transactions/", { body: { data: { type: "Transaction", attributes: { txid: "", amount: "" } } } }),
  // @ts-expect-error A balance does not change this way.
  () => client.PATCH("/api/wallets/{id}/", { params: { path }, body: { data: { type: "Wallet", id: "1", attributes: { balance: "" } } } }),
  // @ts-expect-error An attribute may be left out of an answer.
  () => wallet.attributes.label,
  // @ts-expect-error There is no such code.
  () => problem.code === "no_such_code",
];
