// The same JSON:API contract in Fastify 5 and mysql2 without an ORM, GraphQL by mercurius with its JIT, a cache in Redis.
import Fastify from "fastify";
import mercurius from "mercurius";
import { openCache } from "./cache.mjs";
import { listDocument, MEDIA_TYPE, newTransactionSchema, refusal, transactionDocument, walletDocument } from "./documents.mjs";
import { loaders, resolvers, schema } from "./graphql.mjs";
import { openStore, Refused } from "./store.mjs";

const PAGE = {
    type: "object",
    properties: {
        "page[size]": { type: "integer", minimum: 1, maximum: 100, default: 20 },
        "page[number]": { type: "integer", minimum: 1, maximum: 2 ** 31, default: 1 },
    },
};
const ID = { type: "object", properties: { id: { type: "integer", minimum: 1 } } };

export async function buildApp({ DATABASE_URL, REDIS_URL, CACHE_SECONDS = "60" }) {
    const store = openStore(DATABASE_URL);
    const cache = openCache(REDIS_URL, Number(CACHE_SECONDS));
    const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } });
    app.addContentTypeParser(MEDIA_TYPE, { parseAs: "string" }, app.getDefaultJsonParser("error", "error"));
    app.setErrorHandler((error, _request, reply) => {
        const status = error.statusCode ?? 500;
        reply.code(status).type(MEDIA_TYPE).send(refusal(status, error.refusal ?? "invalid", error.message));
    });
    app.addHook("onClose", () => Promise.all([store.close(), cache.close()]));
    app.register(mercurius, { schema, resolvers, loaders, jit: 1, path: "/graphql/", context: () => ({ store }) });

    app.get("/api/wallets/:id/", { schema: { params: ID } }, async (request, reply) => {
        const wallet = await store.wallet(request.params.id);
        if (wallet === undefined) throw new Refused(404, "not_found", "There is no such wallet.");
        return reply.type(MEDIA_TYPE).send(walletDocument(wallet));
    });

    app.get("/api/transactions/", { schema: { querystring: PAGE } }, async (request, reply) => {
        reply.type(MEDIA_TYPE);
        return cache.remember(request.url, async () => {
            const { "page[size]": size, "page[number]": number } = request.query;
            const [count, rows] = await Promise.all([store.count(), store.transactions(size, (number - 1) * size)]);
            return listDocument(rows, { path: "/api/transactions/", number, size, count });
        });
    });

    app.post("/api/transactions/", { schema: { body: newTransactionSchema } }, async (request, reply) => {
        const { attributes, relationships } = request.body.data;
        const posted = await store.post(Number(relationships.wallet.data.id), attributes);
        await cache.forget();
        const document = transactionDocument(posted);
        return reply.code(201).type(MEDIA_TYPE).header("location", `/api/transactions/${posted.id}/`).send(document);
    });

    await app.ready();
    return app;
}
