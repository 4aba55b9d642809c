// JSON:API documents. Serialized by schemas, as Fastify does with those of its responses.
import fastJson from "fast-json-stringify";

export const MEDIA_TYPE = "application/vnd.api+json";

const string = { type: "string" };
const integer = { type: "integer" };
const object = (properties) => ({ type: "object", properties });
const links = object({ self: string, related: string });
const metadata = { type: "object", additionalProperties: true };
const jsonapi = object({ version: string });
const VERSION = { version: "1.1" };

const wallet = object({
    type: string, id: string,
    attributes: object({
        label: string, balance: string, currency: string, sequence: integer, metadata,
        createdAt: string, updatedAt: string,
    }),
    relationships: object({ transactions: object({ links }), entries: object({ links }) }),
    links: object({ self: string }),
});
const transaction = object({
    type: string, id: string,
    attributes: object({
        txid: string, amount: string, currency: string, description: string, metadata, createdAt: string, updatedAt: string,
    }),
    relationships: object({ wallet: object({ links, data: object({ type: string, id: string }) }), entries: object({ links }) }),
    links: object({ self: string }),
});
const one = (data) => fastJson(object({ jsonapi, data, links: object({ self: string }) }));
const page = { type: "string", nullable: true };
const stringifyWallet = one(wallet);
const stringifyTransaction = one(transaction);
const stringifyList = fastJson(
    object({
        jsonapi,
        data: { type: "array", items: transaction },
        links: object({ self: string, first: string, last: string, prev: page, next: page }),
        meta: object({ pagination: object({ page: integer, pages: integer, count: integer }) }),
    }),
);

export const newTransactionSchema = {
    type: "object",
    required: ["data"],
    properties: {
        data: {
            type: "object",
            required: ["type", "attributes", "relationships"],
            properties: {
                type: { const: "Transaction" },
                attributes: {
                    type: "object",
                    required: ["txid", "amount"],
                    properties: {
                        txid: { type: "string", minLength: 1, maxLength: 255 },
                        amount: { type: "string", pattern: "^-?[0-9]{1,18}(\\.[0-9]{1,2})?$" },
                        description: { type: "string", maxLength: 1000 },
                        metadata: { type: "object" },
                    },
                },
                relationships: {
                    type: "object",
                    required: ["wallet"],
                    properties: {
                        wallet: {
                            type: "object",
                            required: ["data"],
                            properties: {
                                data: {
                                    type: "object",
                                    required: ["type", "id"],
                                    properties: {
                                        type: { const: "Wallet" },
                                        id: { type: "string", pattern: "^[1-9][0-9]{0,15}$" },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
};

// The column has 18 places, of which an amount of dollars uses two.
export const money = (text) => text.slice(0, text.indexOf(".") + 3);
export const moment = (text) => `${text.replace(" ", "T")}Z`;
const linksTo = (url, name) => ({ self: `${url}relationships/${name}`, related: `${url}${name}` });
const parsed = (value) => (typeof value === "string" ? JSON.parse(value) : value);

function walletResource(row) {
    const self = `/api/wallets/${row.id}/`;
    return {
        type: "Wallet",
        id: `${row.id}`,
        attributes: {
            label: row.label, balance: money(row.balance), currency: row.currency, sequence: row.sequence,
            metadata: parsed(row.metadata), createdAt: moment(row.created_at), updatedAt: moment(row.updated_at),
        },
        relationships: { transactions: { links: linksTo(self, "transactions") }, entries: { links: linksTo(self, "entries") } },
        links: { self },
    };
}

function transactionResource(row) {
    const self = `/api/transactions/${row.id}/`;
    return {
        type: "Transaction",
        id: `${row.id}`,
        attributes: {
            txid: row.txid, amount: money(row.amount), currency: row.currency, description: row.description,
            metadata: parsed(row.metadata), createdAt: moment(row.created_at), updatedAt: moment(row.updated_at),
        },
        relationships: {
            wallet: { links: linksTo(self, "wallet"), data: { type: "Wallet", id: `${row.wallet_id}` } },
            entries: { links: linksTo(self, "entries") },
        },
        links: { self },
    };
}

function document(stringify, data) {
    return stringify({ jsonapi: VERSION, data, links: data.links });
}

export const walletDocument = (row) => document(stringifyWallet, walletResource(row));
export const transactionDocument = (row) => document(stringifyTransaction, transactionResource(row));

export function listDocument(rows, { path, number, size, count }) {
    const pages = Math.max(1, Math.ceil(count / size));
    const link = (page) => `${path}?page[number]=${page}&page[size]=${size}`;
    return stringifyList({
        jsonapi: VERSION,
        data: rows.map(transactionResource),
        links: {
            self: link(number), first: link(1), last: link(pages),
            prev: number > 1 ? link(number - 1) : null, next: number < pages ? link(number + 1) : null,
        },
        meta: { pagination: { page: number, pages, count } },
    });
}

export const refusal = (status, code, detail) =>
    JSON.stringify({ jsonapi: VERSION, errors: [{ status: `${status}`, code, detail }] });
