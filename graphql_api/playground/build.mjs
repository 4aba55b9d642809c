// Bundles GraphiQL, its editor's workers and the sample operations into files that our own server serves.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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

// The styles embed their fonts; the page's policy lets it load fonts from files only.
const styles = `${outdir}/playground.css`;
const embedded = /url\(["']?data:font\/(\w+);base64,([^"')]+)["']?\)/g;
const save = (_, type, base64) => {
  const font = Buffer.from(base64, "base64");
  const name = `${createHash("sha256").update(font).digest("hex").slice(0, 16)}.${type}`;
  writeFileSync(`${outdir}/${name}`, font);
  return `url(./${name})`;
};
writeFileSync(styles, readFileSync(styles, "utf8").replaceAll(embedded, save));
