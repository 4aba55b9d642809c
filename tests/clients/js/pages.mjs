// The pages of a server that asks for keys, as a user meets them in Debian's Chromium: each says that a key is needed and
// takes one, and its policy stops nothing that it does.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { openBrowser } from "./browser.mjs";
import { server } from "./support.mjs";

const { FOLDER, KEY, LIVE_URL } = process.env;
const live = LIVE_URL.replace("http", "ws");
const context = await openBrowser(FOLDER);
try {
  const complaints = [];
  const requests = [];
  const open = async (path) => {
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on("console", (message) => message.type() === "error" && complaints.push(`${path} ${message.text()}`));
    page.on("pageerror", (error) => complaints.push(`${path} ${error}`));
    page.on("request", (request) => requests.push(request));
    const answer = await page.goto(server + path);
    assert.equal(answer.status(), 200);
    assert.ok(!answer.headers()["content-security-policy"].includes("unsafe"));
    return page;
  };
  const shoot = (page, name) => page.screenshot({ path: `${FOLDER}/${name}.png` });
  const keepsNothing = async (page) => {
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    assert.ok(!kept.includes(KEY) && !page.url().includes(KEY), "The page keeps the key.");
  };

  // axe-core finds nothing in what is ours; Swagger UI and GraphiQL, which fill their places, have faults of their own.
  const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
  const check = async (page, exclude = []) => {
    await page.evaluate(axe);
    const { violations, passes } = await page.evaluate((exclude) => axe.run({ exclude }), exclude);
    assert.deepEqual(violations.map((each) => [each.id, each.nodes.map((node) => node.html)]), []);
    assert.ok(passes.length > 10, `axe-core has judged by ${passes.length} rules.`);
  };

  // -- the front page, and an answer of the API: a browser may show them --

  for (const path of ["/", "/healthz"]) await (await open(path)).close();
  for (const colorScheme of ["light", "dark"])
    for (const viewport of [{ width: 1400, height: 900 }, { width: 360, height: 740 }]) {
      const front = await context.newPage();
      await front.emulateMedia({ colorScheme });
      await front.setViewportSize(viewport);
      for (const path of ["/", "/nothing/here"]) {
        await front.goto(server + path);
        await check(front);
      }
      await front.close();
    }

  // -- the documentation --

  const docs = await open("/api/docs/");
  await docs.getByText("This server answers only callers with an API key or a token.").waitFor();
  await docs.locator("#operations-Wallet-listWallet").waitFor();
  await check(docs, ["#docs"]);
  await docs.locator(".scheme-container button.authorize").click();
  await docs.locator(".auth-container input").fill(KEY);
  await docs.locator(".auth-btn-wrapper button.authorize").click();
  await shoot(docs, "docs-key");
  await docs.locator(".auth-btn-wrapper .btn-done").click();
  const list = docs.locator("#operations-Wallet-listWallet");
  await list.locator(".opblock-summary").click();
  await list.getByRole("button", { name: "Try it out" }).click();
  const listed = docs.waitForResponse(`${server}/api/wallets/`);
  await list.getByRole("button", { name: "Execute" }).click();
  assert.equal((await listed).status(), 200);
  assert.equal((await (await listed).request().allHeaders()).authorization, `Bearer ${KEY}`);
  await list.locator(".live-responses-table .response-col_status").getByText("200").waitFor();
  await shoot(docs, "docs-answer");
  await keepsNothing(docs);

  // -- the playground --

  const page = await open("/graphql/");
  const isAnswer = (response) => response.request().method() === "POST" && response.url() === `${server}/graphql/`;
  const run = page.locator(".graphiql-execute-button");
  const shown = page.locator(".graphiql-response");
  await page.getByText("This server answers only callers with a key or a token.").waitFor();
  await run.waitFor();
  await check(page, ["main"]);
  assert.deepEqual(complaints, []);
  // Without one, the answer says what is missing. The browser reports each 401.
  await run.click();
  await shown.getByText("unauthenticated").waitFor();
  assert.match(complaints.splice(0).join("\n"), /^\/graphql\/ Failed to load resource: .*401/);
  await shoot(page, "playground-without-key");

  const schema = page.waitForResponse(isAnswer);
  await page.getByLabel("API key").fill(KEY);
  await page.getByRole("button", { name: "Use it" }).click();
  assert.equal((await schema).status(), 200);
  assert.ok(JSON.parse(await (await schema).text()).data.__schema, "The schema cannot be read.");
  await page.getByText("Queries and subscriptions send it").waitFor();
  await run.click();
  await shown.getByText('"100.00"').waitFor();

  // What makes styles: suggestions, a dialog and its scroll lock, the other theme, and the schema's documentation.
  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  await page.getByText("A GraphQL schema provides a root type").waitFor();
  await page.locator(".graphiql-query-editor .view-line").first().click();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("{ wall");
  await page.locator(".suggest-widget.visible").getByText("walletByLabel").waitFor();
  await shoot(page, "playground-suggestions");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Open settings dialog" }).click();
  await page.getByRole("button", { name: "Dark" }).click();
  await shoot(page, "playground-dark");
  await page.getByRole("button", { name: "Light" }).click();
  await page.keyboard.press("Escape");
  // A line of the editor is where its number is: styles in attributes do work.
  await page.waitForFunction(() => {
    const places = [".line-numbers", ".view-line"].map((each) => document.querySelector(`.graphiql-query-editor ${each}`));
    const [number, line] = places.map((each) => each?.getBoundingClientRect());
    return number?.height > 10 && Math.abs(number.y - line?.y) < 2;
  });

  // A subscription authenticates itself in `connection_init`.
  const opened = [];
  page.on("websocket", (socket) => {
    opened.push(socket.url());
    socket.on("framesent", ({ payload }) => opened.push(JSON.parse(payload)));
  });
  const ask = async (query) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${KEY}` };
    return (await fetch(`${server}/graphql/`, { method: "POST", headers, body: JSON.stringify({ query }) })).json();
  };
  const made = await ask('mutation { createWallet(input: {label: "Watched", balance: "7.00"}) { wallet { id } } }');
  const { id } = made.data.createWallet.wallet;
  await page.locator(".graphiql-query-editor .view-line").first().click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(`subscription Watch { walletBalance(id: "${id}") { balance } }`);
  // GraphiQL reads the name of the operation a moment later; the tab shows it then.
  await page.getByTitle("Watch", { exact: true }).waitFor();
  await run.click();
  await shown.getByText('"7.00"').waitFor();
  await ask(`mutation { createTransaction(input: {txid: "W", amount: "1.50", walletId: "${id}"}) { transaction { id } } }`);
  await shown.getByText('"8.50"').waitFor();
  await shoot(page, "playground-subscription");
  await page.getByRole("button", { name: "Stop query" }).click();
  const [url, begin] = opened;
  assert.deepEqual([url, begin], [live, { type: "connection_init", payload: { authorization: `Bearer ${KEY}` } }]);
  await keepsNothing(page);

  // A key that is good for nothing is refused, and the page says so.
  await page.getByLabel("API key").fill(`${KEY}x`);
  await page.getByRole("button", { name: "Use it" }).click();
  await shown.getByText("unauthenticated").waitFor();
  assert.match(complaints.splice(0).join("\n"), /^\/graphql\/ Failed to load resource: .*401/);

  // A header of the editor's own has precedence, and is not kept either.
  await page.getByRole("button", { name: "Headers" }).click();
  await page.locator(".graphiql-editor-tool .view-line:visible").first().click();
  await page.keyboard.insertText(JSON.stringify({ Authorization: `Bearer ${KEY}` }));
  await page.locator(".graphiql-query-editor .view-line").first().click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(`query Seen { wallet(id: "${id}") { balance } }`);
  await page.getByTitle("Seen", { exact: true }).waitFor();
  await run.click();
  await shoot(page, "playground-headers");
  await shown.getByText('"8.50"').waitFor();
  // Tabs and history are stored a moment later.
  await page.waitForFunction(() => JSON.stringify({ ...localStorage }).includes("query Seen"));
  await page.waitForTimeout(1000);
  await keepsNothing(page);

  for (const request of requests) assert.ok(!request.url().includes(KEY), "A URL holds the key.");
  const elsewhere = requests.map((each) => each.url()).filter((each) => !each.startsWith(`${server}/`) && !/^(data|blob):/.test(each));
  assert.deepEqual(elsewhere, [], "A page asked other hosts.");
} finally {
  await context.close();
}
