import "./styles.js";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import "./page.css";

const assets = document.currentScript.src.replace(/[^/]*$/, "");

// The editor runs its language services in workers, which come from our own server too.
const workers = { json: "json.worker.js", graphql: "graphql.worker.js" };
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(assets + (workers[label] ?? "editor.worker.js")),
};

const root = document.getElementById("playground");
// Subscriptions go to the live server, over graphql-transport-ws; the page says where that is, if there is one.
const { liveUrl, needsKey } = root.dataset;
const nowhere = {
  request() {
    throw new Error("Subscriptions are not served here: LIVE_PORT is 0.");
  },
};

// Requests carry the key, and so does `connection_init`, whose members are the same headers in small letters. A header of
// the editor's own has precedence.
const makeFetcher = (key) => {
  const send = createGraphiQLFetcher({
    url: location.pathname,
    ...(liveUrl ? { subscriptionUrl: liveUrl } : { legacyWsClient: nowhere }),
  });
  const ours = key ? { authorization: `Bearer ${key}` } : {};
  return (parameters, options) => {
    const typed = Object.entries(options?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
    return send(parameters, { ...options, headers: { ...ours, ...Object.fromEntries(typed) } });
  };
};

const KeyField = ({ hasKey, onKey }) => {
  const submit = (event) => {
    event.preventDefault();
    onKey(new FormData(event.target).get("key").trim());
  };
  return (
    <form className="key-field" onSubmit={submit}>
      <label htmlFor="key">API key</label>
      <input id="key" name="key" type="password" autoComplete="off" placeholder="walk_…" required />
      <button type="submit">Use this key</button>
      <span role="status">
        {hasKey
          ? "Queries and subscriptions send this key, until the page is closed or loaded again."
          : "This server answers only callers with a key. Enter yours: it stays in this page."}
      </span>
    </form>
  );
};

const Playground = () => {
  // In memory only: neither a URL nor a storage holds the key.
  const [key, setKey] = useState("");
  const fetcher = useMemo(() => makeFetcher(key), [key]);
  return (
    <>
      {needsKey && <KeyField hasKey={key !== ""} onKey={setKey} />}
      <main>
        <GraphiQL
          fetcher={fetcher}
          // Without a key, the server does not tell its schema: null keeps GraphiQL from asking.
          schema={needsKey && !key ? null : undefined}
          defaultTabs={SAMPLES}
          defaultEditorToolsVisibility={false}
          shouldPersistHeaders={false}
        />
      </main>
    </>
  );
};

createRoot(root).render(<Playground />);
