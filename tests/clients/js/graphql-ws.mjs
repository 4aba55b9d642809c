import assert from "node:assert/strict";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { MISSING, UNKNOWN_FIELD, follow } from "./live.mjs";

const client = createClient({ url: process.env.LIVE_URL.replace("http", "ws"), webSocketImpl: WebSocket });
const subscribe = (payload) => client.iterate(payload);

await follow("graphql-ws", subscribe);
const code = (error) => (Array.isArray(error) ? error : error.errors)[0].extensions.code;
const first = async (payload) => {
  const { value } = await subscribe(payload).next();
  throw value;
};
await assert.rejects(first(MISSING), (error) => code(error) === "not_found");
await assert.rejects(first(UNKNOWN_FIELD), (error) => code(error) === "graphql_validation_failed");
await client.dispose();
