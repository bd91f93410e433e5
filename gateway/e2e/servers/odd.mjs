// An MCP server on standard input and output that misbehaves when asked to. It needs no package.
//
// ODD_TOOLS: so many tools. ODD_TEXT: a file whose text is in the definition of `echo`; when it changes, the list has
// changed. ODD_LOG: a file to which it writes what it gets.
import fs from "node:fs";
import readline from "node:readline";

const { ODD_TOOLS = "0", ODD_TEXT, ODD_LOG } = process.env;
const out = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const note = (line) => ODD_LOG && fs.appendFileSync(ODD_LOG, `${line}\n`);
const described = () => (ODD_TEXT ? fs.readFileSync(ODD_TEXT, "utf8") : "Says it again.");
const object = (properties = {}, required = []) => ({ type: "object", properties, required });

const tools = () => [
  { name: "echo", description: described(), inputSchema: object({ text: { type: "string" } }, ["text"]) },
  ...["hang", "die", "kill", "flood_out", "flood_err", "garbage", "whoami", "wrong_id"].map((name) => ({ name, description: `Does ${name}.`, inputSchema: object() })),
  { name: "big", description: "Answers so many bytes.", inputSchema: object({ bytes: { type: "integer" } }, ["bytes"]) },
  ...Array.from({ length: Number(ODD_TOOLS) }, (_, at) => ({ name: `tool_${at}`, description: `Tool ${at}. ${"x".repeat(100)}`, inputSchema: object({ value: { type: "string" } }) })),
];

const text = (value) => ({ content: [{ type: "text", text: value }] });
const pending = new Map();

const CALLS = {
  echo: ({ text: said }) => text(said),
  big: ({ bytes }) => text("b".repeat(Number(bytes))),
  whoami: () => text(String(process.pid)),
  hang: () => undefined,
  die: () => process.exit(3),
  kill: () => process.kill(process.pid, "SIGKILL"),
  garbage: () => { process.stdout.write("this is not JSON\n{\"jsonrpc\":\"2.0\"}\n[1,2\n"); return text("after garbage"); },
  wrong_id: () => { out({ id: 999_999, result: text("not yours") }); return text("yours"); },
  flood_out: () => flood(process.stdout),
  flood_err: () => { for (let at = 0; at < 2_000; at += 1) process.stderr.write(`${"e".repeat(500)}\n`); return text("flooded"); },
};

// A line without an end, as fast as the other side takes it.
function flood(stream) {
  const block = "f".repeat(1 << 16);
  const more = () => { while (stream.write(block)); stream.once("drain", more); };
  more();
}

function answer({ id, method, params = {} }) {
  note(JSON.stringify({ id, method, name: params.name, requestId: params.requestId }));
  switch (method) {
    case "initialize":
      return out({ id, result: { protocolVersion: params.protocolVersion, serverInfo: { name: "odd", version: "1" }, capabilities: { tools: { listChanged: true } } } });
    case "ping":
      return out({ id, result: {} });
    case "tools/list":
      return out({ id, result: { tools: tools() } });
    case "tools/call": {
      pending.set(id, params.name);
      const call = CALLS[params.name] ?? (/^tool_\d+$/.test(params.name) ? () => text(params.name) : undefined);
      if (!call) return out({ id, error: { code: -32602, message: `no tool ${params.name}` } });
      const result = call(params.arguments ?? {});
      if (result) { pending.delete(id); out({ id, result }); }
      return undefined;
    }
    default:
      if (id !== undefined) out({ id, error: { code: -32601, message: `no method ${method}` } });
      return undefined;
  }
}

note(`started ${process.pid}`);
if (ODD_TEXT) fs.watchFile(ODD_TEXT, { interval: 100 }, () => out({ method: "notifications/tools/list_changed" }));
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  try { answer(JSON.parse(line)); } catch (error) { note(`bad line: ${error.message}`); }
}).on("close", () => process.exit(0));
