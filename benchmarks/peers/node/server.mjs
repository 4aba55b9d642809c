// The processes: `node benchmarks/peers/node/server.mjs PORT PROCESSES`. Tables are in DATABASE_URL, the cache in
// REDIS_URL; CACHE_SECONDS=0 turns it off.
import cluster from "node:cluster";
import { buildApp } from "./app.mjs";

const [port, processes] = process.argv.slice(2).map(Number);

if (cluster.isPrimary) {
    for (let number = 0; number < processes; number += 1) cluster.fork();
    process.on("SIGTERM", () => {
        for (const each of Object.values(cluster.workers)) each.kill("SIGTERM");
        cluster.disconnect(() => process.exit(0));
    });
} else {
    const app = await buildApp(process.env);
    process.on("SIGTERM", () => app.close().then(() => process.exit(0)));
    await app.listen({ port, host: "127.0.0.1", backlog: 2048 });
}
