import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { createRoot } from "react-dom/client";

const assets = document.currentScript.src.replace(/[^/]*$/, "");

// The editor runs its language services in workers, which come from our own server too.
const workers = { json: "json.worker.js", graphql: "graphql.worker.js" };
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(assets + (workers[label] ?? "editor.worker.js")),
};

createRoot(document.getElementById("playground")).render(
  <GraphiQL
    fetcher={createGraphiQLFetcher({ url: location.pathname })}
    defaultTabs={SAMPLES}
    defaultEditorToolsVisibility={false}
    shouldPersistHeaders={false}
  />,
);
