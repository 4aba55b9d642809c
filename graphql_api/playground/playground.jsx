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
const { liveUrl, needsKey, hasSchema } = root.dataset;
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

// GraphiQL's history keeps the headers of each operation, and a key among them: not here.
const forgetHeaders = (history) => JSON.stringify(history, (name, value) => (name === "headers" ? null : value));
const isHistory = (name) => ["graphiql:queries", "graphiql:favorites"].includes(name);
const storage = {
  getItem: (name) => localStorage.getItem(name),
  setItem: (name, text) => localStorage.setItem(name, isHistory(name) ? forgetHeaders(JSON.parse(text)) : text),
  removeItem: (name) => localStorage.removeItem(name),
  clear: () => localStorage.clear(),
  get length() {
    return localStorage.length;
  },
};

const KeyField = ({ hasKey, onKey }) => {
  const submit = (event) => {
    event.preventDefault();
    onKey(new FormData(event.target).get("key").trim());
  };
  return (
    <form className="key-field" onSubmit={submit}>
      <label htmlFor="key">API key or token</label>
      <input id="key" name="key" type="password" autoComplete="off" placeholder="walk_…, or a token" required />
      <button type="submit">Use it</button>
      <span role="status">
        {hasKey
          ? "Queries and subscriptions send it, until the page is closed or loaded again."
          : "This server answers only callers with a key or a token. Enter yours: it stays in this page."}
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
      <header>
        <h1 className="unseen">walletsvc: GraphQL</h1>
        {needsKey && <KeyField hasKey={key !== ""} onKey={setKey} />}
      </header>
      <main>
        <GraphiQL
          fetcher={fetcher}
          // The server tells its schema only with GRAPHQL_INTROSPECTION, and to nobody without a key it needs: null keeps
          // GraphiQL from asking.
          schema={hasSchema && (key || !needsKey) ? undefined : null}
          defaultTabs={SAMPLES}
          defaultEditorToolsVisibility={false}
          shouldPersistHeaders={false}
          storage={storage}
        />
      </main>
    </>
  );
};

createRoot(root).render(<Playground />);
