// Drives the packaged extension in a real VS Code (code-server) with a headless browser, and keeps pictures of it.
// Run by run.sh, which installs and starts the server: node drive.mjs URL PICTURES CHROMIUM
import { createRequire } from "node:module";
const { chromium } = createRequire(process.cwd() + "/")("playwright-core");

const [url, pictures, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 1040 } });
let failed = 0;

async function step(what, work) {
  try {
    await work();
    console.log(`ok     ${what}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILS  ${what}: ${String(error).split("\n")[0]}`);
    await page.screenshot({ path: `${pictures}/failed-${failed}.png` });
  }
}
const picture = (name) => page.screenshot({ path: `${pictures}/${name}.png` });
const line = (text) => page.locator(".view-line", { hasText: text }).first();
/** A word in the editor: a coloured span may hold more, so the middle of its text is measured. */
async function word(text, within) {
  const box = await line(within).evaluate((element, text) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = node.textContent.indexOf(text);
      if (at >= 0) {
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + text.length);
        const { x, y, width, height } = range.getBoundingClientRect();
        return { x, y, width, height };
      }
    }
    return null;
  }, text);
  if (!box) throw new Error(`no ${text}`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
async function point(text, within) {
  const at = await word(text, within);
  await page.mouse.move(at.x - 3, at.y);
  await page.mouse.move(at.x, at.y, { steps: 4 });
}
async function click(text, within) {
  const at = await word(text, within);
  await page.mouse.click(at.x, at.y);
}
const command = async (text) => {
  await page.keyboard.press("F1");
  await page.keyboard.type(text, { delay: 15 });
  await page.waitForTimeout(400);
  await page.keyboard.press("Enter");
};

await page.goto(url, { waitUntil: "domcontentloaded" });
await step("the policy opens", async () => {
  await page.waitForSelector(".monaco-workbench", { timeout: 60000 });
  const file = page.locator(".explorer-folders-view .monaco-list-row", { hasText: "main.claw" });
  await file.waitFor({ timeout: 60000 });
  await file.dblclick();
  await line("rule inside").waitFor({ timeout: 30000 });
});
await step("a mistake is underlined", async () => {
  await page.waitForSelector(".squiggly-error", { timeout: 30000 });
});
await step("its message shows", async () => {
  await point("send_mial", "send_mial");
  await page.locator(".monaco-hover", { hasText: "did you mean" }).first().waitFor({ timeout: 10000 });
  await picture("squiggle");
});
await step("hover says what a tool is", async () => {
  await page.mouse.move(5, 400);
  await point("send_mail", "tool send_mail");
  await page.locator(".monaco-hover", { hasText: "Sends a mail" }).first().waitFor({ timeout: 10000 });
  await picture("hover");
});
await step("a code lens counts", async () => {
  await page.mouse.move(5, 400);
  await page.locator(".codelens-decoration", { hasText: /rule|tool|run/i }).first().waitFor({ timeout: 15000 });
  await picture("lens");
});
await step("args. completes", async () => {
  await click("inside", "rule inside");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.keyboard.type("when args.", { delay: 40 });
  await page.locator(".suggest-widget .monaco-list-row", { hasText: "subject" }).first().waitFor({ timeout: 10000 });
  await picture("completion");
  await page.keyboard.press("Escape");
  for (let i = 0; i < 12; i += 1) await page.keyboard.press("Control+Z");
});
await step("a rename reaches the other file", async () => {
  await click("ours", "not shared.ours");
  await page.keyboard.press("F2");
  await page.waitForFunction(() => document.activeElement?.closest(".rename-box"), null, { timeout: 15000 });
  await page.keyboard.press("Control+A");
  await page.keyboard.type("internal", { delay: 30 });
  await picture("rename");
  await page.keyboard.press("Enter");
  await line("shared.internal").waitFor({ timeout: 10000 });
});
await step("a mistake is mended", async () => {
  await click("send_mial", "send_mial");
  await page.keyboard.press("Control+.");
  await page.locator(".action-widget .monaco-list-row", { hasText: "send_mail" }).first().waitFor({ timeout: 10000 });
  await picture("mend");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".squiggly-error", { state: "detached", timeout: 15000 });
});
await step("the graph of a tool is drawn", async () => {
  await click("send_mail", "tool send_mail");
  await command("claw: Show the Decision Graph");
  await page.waitForTimeout(2500);
  await picture("graph");
  await page.locator(".tab", { hasText: "Graph: send_mail" }).first().waitFor({ timeout: 10000 });
});
await browser.close();
console.log(failed === 0 ? "VS Code: all holds" : `VS Code: ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
