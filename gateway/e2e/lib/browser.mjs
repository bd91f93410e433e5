// A real browser at the page for approvals. Whatever a page complains about is a failure: dialogs, errors, policy violations.
import fs from "node:fs";
import { Skipped, same } from "./check.mjs";
import { TOKENS } from "./gateway.mjs";

const executable = process.env.CLAW_E2E_BROWSER ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((file) => fs.existsSync(file));

// Runs something with a browser; `open` makes a person's window: their own cookies, their first page.
// `expected` are problems that the scenario provokes.
export async function withBrowser(action, expected = /^$/) {
  if (!executable) throw new Skipped("there is no chromium");
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({ executablePath: executable, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
  const problems = [];
  const open = async (options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: "en-GB", timezoneId: "UTC", ...options });
    context.setDefaultTimeout(60_000);
    await context.exposeBinding("reportViolation", (_, text) => problems.push(`violation: ${text}`)).catch(() => {});
    await context.addInitScript(() => addEventListener("securitypolicyviolation", (event) => window.reportViolation(`${event.violatedDirective} ${event.blockedURI}`)));
    context.on("page", (page) => {
      page.on("dialog", (dialog) => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
      page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
      page.on("console", (message) => { if (["error", "warning"].includes(message.type())) problems.push(`console: ${message.text()} ${message.location().url}`); });
    });
    return context.newPage();
  };
  try {
    const value = await action(open, problems);
    same("the browser complains about nothing", problems.filter((problem) => !expected.test(problem)), []);
    return value;
  } finally {
    await browser.close();
  }
}

export async function signIn(page, it, person = "olga", path = "/approvals") {
  await page.goto(`${it.url}${path}`);
  await page.getByLabel("Your token").fill(TOKENS[person]);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${it.url}${path}`);
}

// Asks for what needs people, as a host does; the answer names the askings.
let calls = 0;
export async function ask(it, tool, args, user = "uma") {
  calls += 1;
  const request = {
    call_id: `c-${calls}`, session: "s", environment: "test", agent: { id: "support-bot", roles: ["tester"] }, user: { id: user }, tool, args,
  };
  const answer = await fetch(`${it.url}/v1/ask`, {
    method: "POST", body: JSON.stringify(request), headers: { authorization: `Bearer ${TOKENS.tester}`, "content-type": "application/json" },
  });
  const body = await answer.json();
  same(`asked (${JSON.stringify(body).slice(0, 400)})`, answer.status, 200);
  return { request, ...body };
}

// Begins the same request again, under a new name: what is decided.
export async function begin(it, request) {
  calls += 1;
  const answer = await fetch(`${it.url}/v1/begin`, {
    method: "POST", body: JSON.stringify({ ...request, call_id: `c-${calls}` }), headers: { authorization: `Bearer ${TOKENS.tester}`, "content-type": "application/json" },
  });
  return (await answer.json()).decision;
}
