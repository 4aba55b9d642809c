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

const root = document.getElementById("playground");
// Subscriptions go to the live server, over graphql-transport-ws; the page says where that is, if there is one.
const { liveUrl } = root.dataset;
const nowhere = {
  request() {
    throw new Error("Subscriptions are not served here: LIVE_PORT is 0.");
  },
};

createRoot(root).render(
  <GraphiQL
    fetcher={createGraphiQLFetcher({
      url: location.pathname,
      ...(liveUrl ? { subscriptionUrl: liveUrl } : { legacyWsClient: nowhere }),
    })}
    defaultTabs={SAMPLES}
    defaultEditorToolsVisibility={false}
    shouldPersistHeaders={false}
  />,
);
