// Bundles GraphiQL, its editor's workers and the sample operations into files that our own server serves.
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

const outdir = "../static/graphql_api";
const samples = readdirSync("samples")
  .sort()
  .map((name) => readFileSync(`samples/${name}`, "utf8"))
  // What changes something that is there waits for its user to say which.
  .map((query) => (query.includes("$id: ID!") ? { query, variables: '{ "id": "" }' } : { query }));

rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: {
    playground: "playground.jsx",
    "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
    "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
    "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
  },
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  legalComments: "linked",
  loader: { ".ttf": "file", ".woff": "file", ".woff2": "file", ".svg": "dataurl" },
  assetNames: "[name]",
  define: { "process.env.NODE_ENV": '"production"', SAMPLES: JSON.stringify(samples) },
  outdir,
  logLevel: "warning",
});
