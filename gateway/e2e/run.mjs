// Runs the scenarios: all, or those named. Each is a file of scenarios/ that exports named async functions.
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { Failed, Skipped } from "./lib/check.mjs";
import { HERE, use } from "./lib/gateway.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { binary: { type: "string" }, clawc: { type: "string" }, list: { type: "boolean" }, soak: { type: "boolean" } },
});
const source = process.env.CLAW_E2E_SOURCE ?? HERE;
const built = (name) => [process.env.CARGO_TARGET_DIR, path.join(source, "../../target")]
  .filter(Boolean).flatMap((dir) => ["debug", "release"].map((profile) => path.join(dir, profile, name)))
  .find((file) => fs.existsSync(file));
const gateway = values.binary ?? built("claw-gateway");
const clawc = values.clawc ?? built("clawc");

const scenarios = [];
for (const file of fs.readdirSync(path.join(HERE, "scenarios")).sort()) {
  const module = await import(path.join(HERE, "scenarios", file));
  const group = path.basename(file, ".mjs");
  for (const [name, action] of Object.entries(module)) scenarios.push({ name: `${group}.${name}`, action });
}
if (values.list) {
  scenarios.forEach(({ name }) => console.log(name));
  process.exit(0);
}
if (!gateway || !clawc) {
  console.log("skipped: build `claw-gateway` and `clawc` first, or say --binary PATH --clawc PATH");
  process.exit(values.binary ? 2 : 0);
}
use(path.resolve(gateway), path.resolve(clawc));

const wanted = scenarios.filter(({ name }) => positionals.length === 0 || positionals.some((part) => name === part || name.startsWith(`${part}.`)));
if (wanted.length === 0) {
  console.error(`no such scenario: ${positionals.join(" ")}`);
  process.exit(2);
}
const limit = 180_000;
const failures = [];
let skipped = 0;
for (const { name, action } of wanted) {
  const began = Date.now();
  const seconds = () => ((Date.now() - began) / 1000).toFixed(1).padStart(5);
  try {
    const late = new Promise((_, no) => setTimeout(() => no(new Failed(`not done after ${limit / 1000} s`)), limit).unref());
    const note = await Promise.race([action(), late]);
    console.log(`ok      ${seconds()} s  ${name}${note ? `: ${note}` : ""}`);
  } catch (error) {
    if (error instanceof Skipped) {
      skipped += 1;
      console.log(`skipped ${seconds()} s  ${name}: ${error.message}`);
      continue;
    }
    failures.push(name);
    const text = error instanceof Failed ? error.message : `${error.stack}\n${error.message}`;
    console.log(`FAILED  ${seconds()} s  ${name}\n${text.split("\n").map((line) => `    ${line}`).join("\n")}`);
  }
}
console.log(`\n${wanted.length - failures.length - skipped} passed, ${failures.length} failed, ${skipped} skipped`);
if (failures.length) console.log(`failed: ${failures.join(" ")}`);
process.exit(failures.length ? 1 : 0);
