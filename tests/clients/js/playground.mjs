// GraphiQL as a user meets it: Debian's Chromium opens /graphql/, and the sample operations are run by clicking.
import assert from "node:assert/strict";
import { openBrowser } from "./browser.mjs";
import { server } from "./support.mjs";

const context = await openBrowser(process.env.FOLDER);
try {
  const requested = [];
  const complaints = [];
  context.on("request", (request) => requested.push(request.url()));
  const page = context.pages()[0] ?? (await context.newPage());
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.setDefaultTimeout(30_000);

  const isAnswer = (response) => response.request().method() === "POST" && response.url() === `${server}/graphql/`;
  // Each operation has its own page, which is ready when it has fetched the schema.
  const ready = async () => {
    const schema = page.waitForResponse(isAnswer);
    assert.equal((await page.goto(`${server}/graphql/`)).status(), 200);
    assert.equal((await schema).status(), 200);
  };
  const run = async (operation) => {
    await ready();
    await page.getByTitle(operation, { exact: true }).click();
    await page.locator(".graphiql-query-editor").getByText(operation, { exact: true }).waitFor();
    const shown = page.locator(".graphiql-response");
    for (let attempt = 1; ; attempt++) {
      const answered = page.waitForResponse(isAnswer);
      await page.locator(".graphiql-execute-button").click();
      const answer = await answered;
      if ((await answer.text()).includes('"balance"')) break;
      // Shortly after a change of tabs GraphiQL may still name the other tab's operation, which is refused.
      const refused = `${answer.request().postData()}\n${await answer.text()}`;
      assert.ok(attempt < 5 && refused.includes("There is no operation"), refused);
    }
    await shown.getByText("balance").first().waitFor();
    await page.screenshot({ path: `${process.env.FOLDER}/${operation}.png` });
    // The editor draws its spaces as U+00A0.
    return (await shown.locator(".view-lines").innerText()).replaceAll("\u00a0", " ");
  };
  const created = await run("CreateWallet");
  assert.match(created, /"createWallet": \{/);
  assert.match(created, /"label": "My Wallet"/);
  assert.match(created, /"balance": "100.00"/);
  const found = await run("WalletByLabel");
  assert.match(found, /"walletByLabel": \{/);
  assert.match(found, /"balance": "100.00"/);

  // A subscription: a post by another client arrives in the page.
  const ask = async (query) => {
    const headers = { "Content-Type": "application/json" };
    return (await fetch(`${server}/graphql/`, { method: "POST", headers, body: JSON.stringify({ query }) })).json();
  };
  const opened = await ask('mutation { createWallet(input: {label: "Watched", balance: "100.00"}) { wallet { id } } }');
  const { id } = opened.data.createWallet.wallet;
  await ready();
  assert.equal(await page.getByTitle(/^Delete/).count(), 0, "The initial tabs delete something.");
  await page.getByTitle("WalletTransactions", { exact: true }).waitFor();
  await page.getByTitle("WalletBalance", { exact: true }).click();
  const editor = page.locator(".graphiql-query-editor");
  await editor.getByText("WalletBalance", { exact: true }).waitFor();
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await editor.locator(".view-line").first().click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(`subscription WalletBalance { walletBalance(id: "${id}") { label balance sequence } }`);
  await editor.getByText(id).waitFor();
  await page.locator(".graphiql-execute-button").click();
  const response = page.locator(".graphiql-response");
  await response.getByText('"100.00"').waitFor();
  const posted = await ask(
    `mutation { createTransaction(input: {txid: "WATCHED", amount: "11.50", walletId: "${id}"}) { transaction { id } } }`,
  );
  assert.ok(posted.data.createTransaction.transaction.id);
  await response.getByText('"111.50"').waitFor();
  await page.screenshot({ path: `${process.env.FOLDER}/WalletBalance.png` });
  const live = process.env.LIVE_URL.replace("http", "ws");
  assert.deepEqual(sockets, [live]);

  // Scripts of the page reach nothing else.
  const refused = complaints.length;
  const other = live.replace(/:\d+/, ":9");
  assert.equal(await page.evaluate((url) => fetch(url).then(() => "reached", () => "refused"), other.replace("ws", "http")), "refused");
  assert.ok(complaints.splice(refused).some((text) => text.includes("Content Security Policy")));

  assert.deepEqual(complaints, []);
  assert.ok(requested.some((url) => url === `${server}/graphql/`));
  const elsewhere = requested.filter((url) => !url.startsWith(`${server}/`) && !/^(data|blob):/.test(url));
  assert.deepEqual(elsewhere, [], "The page asked other hosts.");
} finally {
  await context.close();
}
