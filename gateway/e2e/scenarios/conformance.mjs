// The conformance suite of MCP: the same verdict on each check with and without the gateway.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { Skipped, check, same, until } from "../lib/check.mjs";
import { HERE, NODE, SERVERS, TOKENS, folder, freePort, policyOf, server, withGateway } from "../lib/gateway.mjs";
import { relay } from "../lib/relay.mjs";

const SUITE = path.join(HERE, "node_modules/@modelcontextprotocol/conformance/dist/index.js");

function run(args, env = {}) {
  const child = spawn(NODE, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  child.log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => { child.log += data; });
  child.ended = new Promise((done) => child.once("close", done));
  return child;
}

// Verdicts by scenario and check: how often each status was given.
async function verdicts(url) {
  if (Number(process.versions.node.split(".")[0]) < 22) throw new Skipped("the suite wants Node 22");
  const out = folder();
  const suite = run([SUITE, "server", "--url", String(url), "--suite", "all", "--output-dir", out]);
  await suite.ended;
  const seen = {};
  for (const name of fs.readdirSync(out).sort()) {
    const scenario = name.replace(/^server-/, "").replace(/-\d{4}-\d\d-\d\dT.*$/, "");
    for (const { id, status, details } of JSON.parse(fs.readFileSync(path.join(out, name, "checks.json"), "utf8"))) {
      if (status === "INFO") continue;
      const key = `${scenario}: ${id}`;
      (seen[key] ??= []).push(status);
      if (process.env.CLAW_E2E_VERBOSE && status === "FAILURE") console.log(key, JSON.stringify(details));
    }
  }
  check("the suite ran", Object.keys(seen).length > 20, suite.log);
  fs.rmSync(out, { recursive: true });
  return seen;
}

// Some scenarios judge the endpoint, which is the gateway's own: whether it answers by a stream, and for whom. (It refuses
// foreign hosts though the reference server does not, and answers without a stream what needs none.)
const ENDPOINT = /^(dns-rebinding-protection|server-sse-[a-z-]+):/;

function endpoint(verdicts) {
  const entries = Object.entries(verdicts);
  const failed = entries.filter(([name, statuses]) => ENDPOINT.test(name) && statuses.includes("FAILURE")).map(([name]) => name);
  return { failed: new Set(failed), rest: Object.fromEntries(entries.filter(([name]) => !ENDPOINT.test(name))) };
}

async function alike(child, port, options, at) {
  try {
    const direct = `http://127.0.0.1:${port}/mcp`;
    await until("the server listens", () => fetch(direct).then(() => true, () => false));
    const without = await verdicts(direct);
    const through = await withGateway(options, async (it) => {
      const way = await relay(it.port, { authorization: `Bearer ${TOKENS.tester}` });
      try { return await verdicts(`${way.url}${at}`); } finally { way.close(); }
    });
    const [ours, theirs] = [endpoint(through), endpoint(without)];
    same("verdicts with the gateway", ours.rest, theirs.rest);
    const worse = [...ours.failed].filter((name) => !theirs.failed.has(name));
    same("no verdict on the endpoint is worse", worse, []);
    const statuses = Object.values(theirs.rest).flat();
    return `${statuses.filter((status) => status === "SUCCESS").length} of ${statuses.length} checks passed, alike`;
  } finally {
    child.kill("SIGKILL");
  }
}

async function everything(how) {
  const port = await freePort();
  const child = run([path.join(HERE, "node_modules/@modelcontextprotocol/server-everything/dist/index.js"), "streamableHttp"], { PORT: String(port) });
  return alike(child, port, { servers: [server("everything", how(port))], policy: policyOf("everything") }, "/mcp/everything");
}

async function conforming(how) {
  const port = await freePort();
  const child = run([path.join(HERE, "servers/conforming.mjs"), "http", String(port)]);
  return alike(child, port, { servers: [server("conforming", how(port))], policy: policyOf("conforming") }, "/mcp/conforming");
}

const http = (port) => ({ url: `http://127.0.0.1:${port}/mcp` });
export const everything_over_http = () => everything(http);
export const everything_over_stdio = () => everything(SERVERS.everything);
export const conforming_over_http = () => conforming(http);
export const conforming_over_stdio = () => conforming(SERVERS.conforming);
