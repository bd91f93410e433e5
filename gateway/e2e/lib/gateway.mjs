// Starts and ends the gateway under test, each in a folder of its own.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Failed, until } from "./check.mjs";

export const HERE = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const NODE = process.env.CLAW_E2E_NODE ?? process.execPath;
export const TOKENS = { tester: "claw-test-tester-0123456789abcdef0123", olga: "claw-test-olga-0123456789abcdef012345", otto: "claw-test-otto-0123456789abcdef012345", other: "claw-test-other-0123456789abcdef01234" };

export const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const binaries = { gateway: "", clawc: "" };

export function use(gateway, clawc) {
  Object.assign(binaries, { gateway, clawc });
}

export function clawc(...args) {
  return spawnSync(binaries.clawc, args, { encoding: "utf8" });
}

export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export function folder(name = "claw-e2e-") {
  return fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), name)));
}

const module = (name) => path.join(HERE, "node_modules", ...name.split("/"));

// The servers that stand behind the gateway, as the configuration says them and as a client starts them itself.
export const SERVERS = {
  everything: () => ({ command: NODE, args: [module("@modelcontextprotocol/server-everything/dist/index.js"), "stdio"] }),
  filesystem: (...roots) => ({ command: NODE, args: [module("@modelcontextprotocol/server-filesystem/dist/index.js"), ...roots] }),
  conforming: () => ({ command: NODE, args: [path.join(HERE, "servers/conforming.mjs"), "stdio"] }),
  odd: (env = {}) => ({ command: NODE, args: [path.join(HERE, "servers/odd.mjs")], env }),
};

export function server(name, how, extra = "") {
  const env = Object.entries(how.env ?? {}).map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join(", ");
  const reach = how.url
    ? `url = ${JSON.stringify(how.url)}`
    : `command = ${JSON.stringify(how.command)}\nargs = ${JSON.stringify(how.args)}\nenv = { ${env} }`;
  return `[[server]]\nname = "${name}"\n${reach}\n${extra}\n`;
}

export const policyOf = (name) => fs.readFileSync(path.join(HERE, "policies", `${name}.claw`), "utf8");

// `servers`: texts of `[[server]]`; `policy`: the text of the policy; `tail`: further TOML at the end.
export async function gateway({ servers, policy, wait = "30s", tail = "", top = "", env = {}, elicitation = true }) {
  const dir = folder();
  const port = await freePort();
  fs.mkdirSync(path.join(dir, "policy"));
  fs.writeFileSync(path.join(dir, "policy", "main.claw"), policy);
  const config = path.join(dir, "claw-gateway.toml");
  fs.writeFileSync(config, configuration({ port, servers, wait, tail, top, elicitation }));
  return new Gateway(dir, config, port, env);
}

function configuration({ port, servers, wait, tail, top, elicitation }) {
  return `environment = "test"
data = "data"
${top}
[http]
listen = "127.0.0.1:${port}"

[policy]
path = "policy"

[approvals]
wait = "${wait}"
elicitation = ${elicitation}

${servers.join("\n")}
[[caller]]
name = "tester"
token_sha256 = ["${sha256(TOKENS.tester)}"]
may = ["mcp", "decide"]
agent = { id = "bot", roles = ["tester"] }
user = { id = "uma" }

[[caller]]
name = "other"
token_sha256 = ["${sha256(TOKENS.other)}"]
may = ["mcp"]
agent = { id = "other-bot", roles = ["tester"] }

[[caller]]
name = "stdio"
may = ["mcp"]
agent = { id = "bot", roles = ["tester"] }
user = { id = "uma" }

[[person]]
name = "olga"
token_sha256 = ["${sha256(TOKENS.olga)}"]
roles = ["approver"]

[[person]]
name = "otto"
token_sha256 = ["${sha256(TOKENS.otto)}"]
roles = ["approver"]

${tail}
`;
}

export class Gateway {
  constructor(dir, config, port, env) {
    Object.assign(this, { dir, config, port, env, url: `http://127.0.0.1:${port}`, log: "", ended: null });
  }

  async start() {
    this.process = spawn(binaries.gateway, ["run", "--config", this.config], {
      cwd: this.dir, env: { ...process.env, ...this.env }, stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.on("data", (data) => { this.log = (this.log + data).slice(-200_000); });
    }
    this.exited = new Promise((done) => this.process.once("close", (code, signal) => { this.ended = { code, signal }; done(this.ended); }));
    await until("the gateway answers /healthz", async () => {
      if (this.ended) throw new Failed(`the gateway ended with ${JSON.stringify(this.ended)}\n${this.log}`);
      return fetch(`${this.url}/healthz`).then((answer) => answer.ok, () => false);
    }).catch((error) => { throw new Failed(`${error.message}\n${this.log}`); });
    return this;
  }

  get pid() { return this.process.pid; }

  // The command with which a client starts the gateway over standard input and output.
  stdio(...args) {
    return { command: binaries.gateway, args: ["stdio", "--config", this.config, ...args], env: this.env };
  }

  mcp(name) {
    return new URL(name ? `${this.url}/mcp/${name}` : `${this.url}/mcp`);
  }

  policy(text) {
    fs.writeFileSync(path.join(this.dir, "policy", "main.claw"), text);
  }

  cli(...args) {
    return spawnSync(binaries.gateway, args, { cwd: this.dir, encoding: "utf8", env: { ...process.env, ...this.env } });
  }

  // The audit records, after the log was verified.
  audit() {
    const log = path.join(this.dir, "data", "audit");
    const verified = clawc("audit", "verify", log);
    if (verified.status !== 0) throw new Failed(`the audit log does not verify: ${verified.stdout}${verified.stderr}`);
    const segments = fs.readdirSync(log).filter((name) => name.endsWith(".jsonl")).sort();
    return segments.flatMap((name) => fs.readFileSync(path.join(log, name), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line)));
  }

  async stop(signal = "SIGTERM") {
    if (!this.ended) this.process.kill(signal);
    const ended = await Promise.race([this.exited, new Promise((done) => setTimeout(() => done(null), 60_000))]);
    if (!ended) { this.process.kill("SIGKILL"); throw new Failed(`the gateway did not end\n${this.log}`); }
    return ended;
  }

  remove() { fs.rmSync(this.dir, { recursive: true, force: true }); }
}

// Runs something with a gateway, which is ended whatever happens. Its log is shown with a failure.
export async function withGateway(options, action) {
  const it = await gateway(options);
  try {
    await it.start();
    const value = await action(it);
    await it.stop();
    it.remove();
    return value;
  } catch (error) {
    await it.stop("SIGKILL").catch(() => {});
    error.message += `\n  the gateway's log (${it.dir}):\n${it.log.split("\n").slice(-30).map((line) => `    ${line}`).join("\n")}`;
    throw error;
  }
}

// Processes whose parent, or its parent, is `pid`.
export function descendants(pid) {
  const all = spawnSync("ps", ["-eo", "pid=,ppid=,stat=,args="], { encoding: "utf8" }).stdout.split("\n").map((line) => line.trim().split(/\s+/));
  const found = [];
  const look = (parent) => all.filter(([, ppid]) => Number(ppid) === parent).forEach(([child, , stat, ...args]) => {
    found.push({ pid: Number(child), stat, command: args.join(" ") });
    look(Number(child));
  });
  look(pid);
  return found;
}

export const fds = (pid) => fs.readdirSync(`/proc/${pid}/fd`).length;
export const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
