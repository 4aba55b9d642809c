// The part of the GraphQL schema that the rows ask for. A loader reads the wallets of a page by one statement.
import { money, moment } from "./documents.mjs";

export const schema = `
    type Wallet { id: ID! label: String! balance: String! currency: String! }
    type Transaction { id: ID! databaseId: ID! txid: String! amount: String! createdAt: String! wallet: Wallet! }
    type TransactionEdge { cursor: String! node: Transaction! }
    type PageInfo { hasNextPage: Boolean! endCursor: String }
    type TransactionConnection { edges: [TransactionEdge!]! pageInfo: PageInfo! }
    type Query { transactions(first: Int = 20, after: String): TransactionConnection! }
`;

const encode = (text) => Buffer.from(text).toString("base64");
const decode = (cursor) => Number(Buffer.from(cursor, "base64").toString());

export const resolvers = {
    Query: {
        async transactions(_root, { first, after }, { store }) {
            const size = Math.min(first, 100);
            const rows = await store.transactionsAfter(after === undefined ? 0 : decode(after), size + 1);
            const edges = rows.slice(0, size).map((node) => ({ cursor: encode(`${node.id}`), node }));
            return { edges, pageInfo: { hasNextPage: rows.length > size, endCursor: edges.at(-1)?.cursor } };
        },
    },
    Transaction: {
        id: ({ id }) => encode(`Transaction:${id}`),
        databaseId: ({ id }) => id,
        amount: ({ amount }) => money(amount),
        createdAt: ({ created_at: createdAt }) => moment(createdAt),
    },
    Wallet: { id: ({ id }) => encode(`Wallet:${id}`), balance: ({ balance }) => money(balance) },
};

export const loaders = {
    Transaction: {
        async wallet(queries, { store }) {
            const rows = await store.wallets([...new Set(queries.map(({ obj }) => obj.wallet_id))]);
            const found = new Map(rows.map((row) => [row.id, row]));
            return queries.map(({ obj }) => found.get(obj.wallet_id));
        },
    },
};
