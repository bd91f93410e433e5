// The page for approvals in a real browser.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { ask, begin, signIn, withBrowser } from "../lib/browser.mjs";
import { files, told, vote } from "../lib/cases.mjs";
import { check, has, same, until } from "../lib/check.mjs";
import { byHttp, connect, raw } from "../lib/clients.mjs";
import { TOKENS, policyOf, withGateway } from "../lib/gateway.mjs";

const shop = (action, options = {}) => withGateway({ servers: [], policy: policyOf("page"), ...options }, action);
const write = (client, file, content) => raw(client, "tools/call", { name: "write_file", arguments: { path: file, content } }, { timeout: 100_000 });
const REFUND = { order: "A-1042", amount: 49.9, reason: "arrived broken" };

// An agent calls through the proxy; a person sees it appear, looks at it, approves; the call goes on.
export const approved_in_the_page = () => files((it, root) => withBrowser(async (open) => {
  const page = await open();
  await signIn(page, it);
  await page.getByText("Nothing. What agents ask for appears here by itself.").waitFor();
  await page.evaluate(() => { window.same = true; });

  const client = await connect(byHttp(it.mcp("filesystem")), { capabilities: {} });
  const file = path.join(root, "report.txt");
  const call = write(client, file, "approved text");
  await page.getByRole("link", { name: "write_file" }).waitFor();
  check("it appeared without a reload", await page.evaluate(() => window.same));
  same("the title counts", await page.title(), "(1) Approvals · claw");
  await page.getByRole("link", { name: "write_file" }).click();
  await page.getByText("approved text").waitFor();
  has("the exact path is shown", await page.locator(".lines").first().innerText(), file);
  check("nothing is written yet", !fs.existsSync(file));
  await page.getByLabel("Note").fill("fine by me");
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("You approved this.").waitFor();
  const done = await call;
  check("the call went on", !told(done), done);
  same("it is written", fs.readFileSync(file, "utf8"), "approved text");
  await page.locator(".state.consumed").waitFor();

  // Used once, and for these arguments.
  const other = write(client, file, "other text");
  await page.getByRole("link", { name: "All requests" }).click();
  await page.getByText("Waiting for you").waitFor();
  await page.locator(".card", { hasText: "write_file" }).click();
  await page.getByText("other text").waitFor();
  await page.getByLabel("Note").fill("not this one");
  await page.getByRole("button", { name: "Refuse" }).click();
  await page.getByText("You refused this.").waitFor();
  has("the agent is told", told(await other), "refused");
  same("nothing is written", fs.readFileSync(file, "utf8"), "approved text");
  await client.close();
}), { wait: "60s" });

// Two people, each at their own window: each sees the other's vote, and what one is writing stays.
export const two_people = () => shop((it) => withBrowser(async (open) => {
  const { request } = await ask(it, "run_sql", { query: "DELETE FROM carts WHERE touched < '2026-01-01'" });
  const [olga, otto] = [await open(), await open()];
  await signIn(olga, it, "olga");
  await signIn(otto, it, "otto");
  for (const page of [olga, otto]) await page.getByRole("link", { name: "run_sql" }).click();
  await olga.getByLabel("Note").fill("half a note");
  await otto.getByLabel("Note").fill("checked on the copy");
  await otto.getByRole("button", { name: "Approve" }).click();
  await olga.getByText("checked on the copy").waitFor();
  await olga.getByText("Still missing: 1 more of approver.").waitFor();
  same("what olga wrote is still there", await olga.getByLabel("Note").inputValue(), "half a note");
  same("one is not enough", await begin(it, request), "require_approval");
  await olga.getByLabel("Note").fill("");
  await olga.getByRole("button", { name: "Approve" }).click();
  await olga.getByText("Please say why").waitFor();
  same("the note is where to go on", await olga.evaluate(() => document.activeElement.id), "note");
  await ask(it, "refund", REFUND);
  await until("the page goes on hearing of changes", async () => (await olga.title()).startsWith("(2) Waiting"));
  await olga.getByLabel("Note").fill("agreed");
  await olga.getByRole("button", { name: "Approve" }).click();
  await otto.locator("#standing .state.granted").waitFor();
  same("two are", await begin(it, request), "allow");
  same("for one call", await begin(it, request), "require_approval");
}, /status of 422/));

const HOSTILE = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</pre></textarea><svg onload=alert(1)>", "javascript:alert(1)", "\u202egnp.exe\u200b", "{{7*7}} ${alert(1)}"].join(" ");

export const texts_are_text = () => shop((it) => withBrowser(async (open) => {
  await ask(it, "send_mail", { to: [HOSTILE], subject: HOSTILE, body: `${HOSTILE}\n${"long ".repeat(900)}` }, HOSTILE);
  const page = await open();
  await signIn(page, it);
  await page.getByRole("link", { name: "send_mail" }).click();
  const text = await page.locator("main").innerText();
  has("a tag is text", text, "\\u{3c}script>alert(1)");
  has("a change of direction is seen", text, "\\u{202e}");
  has("what is left out is said", text, "more characters");
  check("nothing turns the text", !/[\u202a-\u202e\u200b]/.test(text));
  await page.getByLabel("Note").fill(HOSTILE);
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("You approved this.").waitFor();
  same("the page has its own markup only", await page.locator("main script, main img, main svg, main iframe, main [onerror], main [onload], main [style]").count(), 0);
  await page.getByRole("link", { name: "All requests" }).click();
  await page.getByText("Recently").waitFor();
}));

// With the keyboard alone, and no script at all.
export const keyboard_and_no_script = () => shop((it) => withBrowser(async (open) => {
  const { request } = await ask(it, "refund", REFUND);
  const page = await open({ javaScriptEnabled: false });
  await signIn(page, it);
  const press = async (key, until) => {
    for (let i = 0; i < 40; i += 1) {
      await page.keyboard.press(key);
      if (await page.locator(":focus").evaluate((element, wanted) => element.matches(wanted), until).catch(() => false)) return;
    }
    check(`\`${until}\` can be reached by ${key}`, false);
  };
  await press("Tab", ".card");
  await page.keyboard.press("Enter");
  await page.waitForURL(/approvals\/sha256/);
  await press("Tab", "#note");
  await page.keyboard.type("typed");
  await press("Tab", "button.grant");
  await page.keyboard.press("Enter");
  await page.getByText("You approved this.").waitFor();
  same("it is allowed", await begin(it, request), "allow");
}));

// A link in a chat leads to the request though the cookie is strict; and back to it after signing in.
export const links_from_elsewhere = () => shop((it) => withBrowser(async (open) => {
  const { askings } = await ask(it, "refund", REFUND);
  const detail = `${it.url}/approvals/${askings[0].id}`;
  const page = await open();
  await signIn(page, it, "olga", `/approvals/${askings[0].id}`);
  const chat = http.createServer((_, answer) => answer.setHeader("content-type", "text/html").end(
    `<link rel="icon" href="data:,"><a href="${detail}">look</a>
     <form method="post" action="${detail}/votes"><input name="verdict" value="grant"><input name="csrf" value=""><button>win</button></form>`,
  )).listen(0, "127.0.0.1");
  await new Promise((done) => chat.once("listening", done));
  try {
    // Another site: `localhost` is not `127.0.0.1`.
    const elsewhere = `http://localhost:${chat.address().port}/`;
    await page.goto(elsewhere);
    await page.getByRole("link", { name: "look" }).click();
    await page.getByRole("button", { name: "Approve" }).waitFor();
    same("the request is shown", page.url(), detail);
    await page.goto(elsewhere);
    const [answer] = await Promise.all([page.waitForResponse(/votes/), page.getByRole("button", { name: "win" }).click()]);
    check("a form elsewhere does not vote", [401, 403].includes(answer.status()), answer.status());
    await page.goto(detail);
    same("nobody voted", await page.locator(".votes li").count(), 0);
  } finally {
    chat.close();
  }
}, /status of 40[13]/));

export const signing_out_ends_all_windows = () => shop((it) => withBrowser(async (open) => {
  const page = await open();
  await signIn(page, it);
  const other = await page.context().newPage();
  await other.goto(`${it.url}/approvals`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Your token").waitFor();
  await other.getByLabel("Your token").waitFor();
  await other.goto(`${it.url}/approvals`);
  await other.getByLabel("Your token").waitFor();
}));

// What another gateway writes to the same ledger is seen as well; here another person's program votes.
export const votes_of_programs_are_seen = () => shop((it) => withBrowser(async (open) => {
  const { askings } = await ask(it, "refund", REFUND);
  const page = await open();
  await signIn(page, it, "olga", `/approvals/${askings[0].id}`);
  same("a program votes", (await vote(it, askings[0].id, "grant", "by program", TOKENS.otto)).status, 200);
  await page.getByText("by program").waitFor();
}));

// Pictures for the documentation: $CLAW_E2E_PICTURES says where they go.
export const pictures = () => shop((it) => withBrowser(async (open) => {
  const folder = process.env.CLAW_E2E_PICTURES ?? path.join(it.dir, "pictures");
  fs.mkdirSync(folder, { recursive: true });
  const decided = async (tool, args, ...votes) => {
    const { askings } = await ask(it, tool, args);
    for (const [person, verdict, note] of votes) same("voted", (await vote(it, askings[0].id, verdict, note, TOKENS[person])).status, 200);
    return askings[0];
  };
  await decided("refund", { order: "A-0993", amount: 20, reason: "paid twice" }, ["otto", "grant", "seen in the books"]);
  await decided("run_sql", { query: "DROP TABLE carts" }, ["otto", "refuse", "not on a Friday"]);
  await decided("refund", { order: "A-1042", amount: 49.9, reason: "arrived broken" });
  const sql = await decided("run_sql", { query: "UPDATE prices\nSET cents = cents * 90 / 100\nWHERE shop = 'berlin'" }, ["otto", "grant", "tried on the copy: 412 rows"]);
  const mail = await decided("send_mail", {
    to: ["ulla@example.org", "press@example.org"], subject: "Your order \u202eA-1042",
    body: `Dear Ulla,\n\nwe are sorry that the lamp arrived broken. A new one is on its way, and you keep the old one.\n\n${"Thank you for your patience. ".repeat(24)}\n\nThe shop\n<script>alert(1)</script>`,
  });
  const shots = [["", {}], ["-dark", { colorScheme: "dark" }], ["-phone", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }]];
  for (const [name, options] of shots) {
    const page = await open(options);
    await page.goto(`${it.url}/sign-in`);
    if (name === "") await page.screenshot({ path: path.join(folder, "sign-in.png") });
    await signIn(page, it);
    await page.screenshot({ path: path.join(folder, `list${name}.png`), fullPage: true });
    for (const [what, asking] of [["detail", sql], ["long", mail]]) {
      await page.goto(`${it.url}/approvals/${asking.id}`);
      await page.screenshot({ path: path.join(folder, `${what}${name}.png`), fullPage: true });
    }
    const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    check(`${name || "wide"}: nothing sticks out to the side`, width[0] <= width[1], width);
  }
  await until("pictures are there", () => fs.existsSync(path.join(folder, "long-phone.png")));
}));
