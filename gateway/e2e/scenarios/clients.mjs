// Clients that others wrote: the inspector's command line and the Python SDK.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { files } from "../lib/cases.mjs";
import { Skipped, check, has, same } from "../lib/check.mjs";
import { HERE, NODE, SERVERS, TOKENS, policyOf, server, withGateway } from "../lib/gateway.mjs";

const INSPECTOR = path.join(HERE, "node_modules/@modelcontextprotocol/inspector");

async function run(command, args, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const out = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].on("data", (data) => { out[name] += data; });
  const status = await new Promise((done) => child.once("close", done));
  return { ...out, status };
}

async function inspector(target, ...args) {
  if (Number(process.versions.node.split(".")[0]) < 22) throw new Skipped("the inspector wants Node 22");
  const { bin } = JSON.parse(fs.readFileSync(path.join(INSPECTOR, "package.json"), "utf8"));
  const main = path.join(INSPECTOR, typeof bin === "string" ? bin : bin["mcp-inspector"] ?? Object.values(bin)[0]);
  return run(NODE, [main, "--cli", ...target, ...args]);
}

const direct = ({ command, args }) => [command, ...args];
const over = (it, name) => [String(it.mcp(name)), "--transport", "http", "--header", `Authorization: Bearer ${TOKENS.tester}`];

export const inspector_sees_the_same = () => withGateway({ servers: [server("everything", SERVERS.everything())], policy: policyOf("everything") }, async (it) => {
  const asked = [
    ["--method", "tools/list"],
    ["--method", "tools/call", "--tool-name", "echo", "--tool-arg", "message=hello"],
    ["--method", "tools/call", "--tool-name", "get-sum", "--tool-arg", "a=2", "b=40"],
    ["--method", "resources/list"],
    ["--method", "resources/read", "--uri", "demo://resource/static/document/features.md"],
    ["--method", "prompts/list"],
    ["--method", "prompts/get", "--prompt-name", "args-prompt", "--prompt-args", "city=Bonn"],
  ];
  for (const args of asked) {
    const [without, through] = await Promise.all([inspector(direct(SERVERS.everything()), ...args), inspector(over(it, "everything"), ...args)]);
    same(`${args.join(" ")}: status`, through.status, without.status);
    same(args.join(" "), steady(through.stdout), steady(without.stdout));
  }
  return `${asked.length} commands alike`;
});
const steady = (text) => { try { return JSON.parse(text); } catch { return text; } };

export const inspector_shows_why_not = () => files(async (it, root) => {
  const read = (name) => inspector(over(it, "filesystem"), "--method", "tools/call", "--tool-name", "read_text_file", "--tool-arg", `path=${path.join(root, name)}`);
  const allowed = await read("a.txt");
  same("an allowed call", allowed.status, 0);
  has("its result", allowed.stdout, "alpha");
  const denied = await read("b.secret");
  has("why", denied.stdout + denied.stderr, "`b.secret` is a secret file");
  has("what to do", denied.stdout + denied.stderr, "read another file");
  check("nothing of the file", !(denied.stdout + denied.stderr).includes("do not read"));
});

async function python(...targets) {
  const program = path.join(process.env.CLAW_E2E_CACHE ?? "", "venv/bin/python");
  if (!fs.existsSync(program)) throw new Skipped("the Python SDK is not installed");
  const answers = await Promise.all(targets.map(async ({ target, calls }) => {
    const done = await run(program, [path.join(HERE, "clients/client.py"), JSON.stringify({ ...target, calls })]);
    same(`the client ends well: ${done.stderr}`, done.status, 0);
    return JSON.parse(done.stdout);
  }));
  return answers;
}
const pythonOver = (it, name) => ({ url: String(it.mcp(name)), token: TOKENS.tester });

export const python_sees_the_same = () => withGateway({ servers: [server("everything", SERVERS.everything())], policy: policyOf("everything") }, async (it) => {
  const calls = [["echo", { message: "grüße" }], ["get-sum", { a: 2, b: 40 }], ["get-structured-content", { location: "Chicago" }], ["get-tiny-image", {}],
    ["trigger-sampling-request", { prompt: "hm" }], ["trigger-elicitation-request", {}], ["trigger-long-running-operation", { duration: 0.2, steps: 2 }]];
  const [without, through, stdio] = await python(
    { target: SERVERS.everything(), calls }, { target: pythonOver(it, "everything"), calls }, { target: it.stdio("--server", "everything"), calls });
  same("over HTTP", through, without);
  same("over standard input and output", stdio, without);
  return `${calls.length} calls alike, protocol ${without.protocol}`;
});

export const python_shows_why_not = () => files(async (it, root) => {
  const [seen] = await python({ target: pythonOver(it, "filesystem"), calls: [["read_text_file", { path: path.join(root, "a.txt") }], ["read_text_file", { path: path.join(root, "b.secret") }]] });
  has("an allowed call", JSON.stringify(seen.results[0]), "alpha");
  has("why", JSON.stringify(seen.results[1]), "is a secret file");
  has("what to do", JSON.stringify(seen.results[1]), "read another file");
});
