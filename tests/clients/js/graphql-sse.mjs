import assert from "node:assert/strict";
import { createClient } from "graphql-sse";
import { MISSING, UNKNOWN_FIELD, follow } from "./live.mjs";

const client = createClient({ url: process.env.LIVE_URL });
const subscribe = (payload) => client.iterate(payload);

await follow("graphql-sse", subscribe);
const { value: missing } = await subscribe(MISSING).next();
assert.equal(missing.errors[0].extensions.code, "not_found");
const { value: unknown } = await subscribe(UNKNOWN_FIELD).next();
assert.equal(unknown.errors[0].extensions.code, "graphql_validation_failed");
client.dispose();
