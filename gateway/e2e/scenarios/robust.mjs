// Servers and clients that misbehave: clear errors, nothing leaks, the gateway goes on.
import fs from "node:fs";
import path from "node:path";
import { settled, told } from "../lib/cases.mjs";
import { check, has, pause, same, until } from "../lib/check.mjs";
import { byHttp, byStdio, connect, raw } from "../lib/clients.mjs";
import { SERVERS, TOKENS, descendants, fds, folder, policyOf, rss, server, withGateway } from "../lib/gateway.mjs";

const odd = (action, { env = {}, extra = 'timeout = "2s"', ...options } = {}) => withGateway({ servers: [server("odd", SERVERS.odd(env), extra)], policy: policyOf("odd"), ...options }, action);
const call = (client, name, args = {}) => raw(client, "tools/call", { name, arguments: args }, { timeout: 100_000 });
const said = (answer) => answer?.content?.[0]?.text;

const misbehaves = (name, ...parts) => () => odd(async (it) => {
  const client = await connect(byHttp(it.mcp("odd")), { capabilities: {} });
  same("before", said(await call(client, "echo", { text: "a" })), "a");
  const failed = told(await call(client, name));
  check(`\`${name}\` is an error`, failed);
  check("the error says which server", failed.includes("odd"), failed);
  for (const part of parts) check(`the error says what happened: ${part}`, part.test(failed), failed);
  await until("the server is used again", async () => said(await call(client, "echo", { text: "b" })) === "b");
  await client.wire.terminateSession();
  await client.close();
  await until("no child is left", () => descendants(it.pid).length === 0);
});

export const child_dies = misbehaves("die", /end|exit|gone|clos|stop/i);
export const child_is_killed = misbehaves("kill", /end|exit|gone|clos|kill|stop/i);
export const child_hangs = misbehaves("hang", /2 ?s|time|answer/i);
export const child_floods = misbehaves("flood_out", /long|large|bytes|limit|line/i);

export const child_writes_garbage = () => odd(async (it) => {
  const client = await connect(byHttp(it.mcp("odd")), { capabilities: {} });
  const after = await call(client, "garbage");
  check("an answer or an error", said(after) === "after garbage" || told(after), after);
  const other = await call(client, "wrong_id");
  check("no answer of another call", said(other) === "yours" || told(other), other);
  await until("calls go on", async () => said(await call(client, "echo", { text: "b" })) === "b");
  await client.close();
});

export const child_floods_its_log = () => odd(async (it) => {
  const client = await connect(byHttp(it.mcp("odd")), { capabilities: {} });
  same("it answers", said(await call(client, "flood_err")), "flooded");
  check("the gateway's log stays short", it.log.length < 200_000, it.log.length);
  await client.close();
});

export const big_arguments_and_results = () => odd(async (it) => {
  const client = await connect(byHttp(it.mcp("odd")), { capabilities: {} });
  const text = "x".repeat(1 << 20);
  check("1 MB passes", said(await call(client, "echo", { text })) === text);
  same("2 MB comes back", said(await call(client, "big", { bytes: 2 << 20 })).length, 2 << 20);
  const before = rss(it.pid);
  const error = await client.callTool({ name: "echo", arguments: { text: "x".repeat(10 << 20) } }).then(() => null, (failure) => failure);
  check("10 MB is refused", error);
  has("the error says why", String(error), /413|large|long|limit|bytes/i.exec(String(error))?.[0] ?? "large");
  check("a result of 30 MB is refused", told(await call(client, "big", { bytes: 30 << 20 })) || !said(await call(client, "big", { bytes: 30 << 20 })));
  await until("calls go on", async () => said(await call(client, "echo", { text: "b" })) === "b");
  await client.close();
  return `resident memory ${(before / 1e6).toFixed(0)} MB before, ${(rss(it.pid) / 1e6).toFixed(0)} MB after`;
}, { extra: 'timeout = "60s"' });

export const ten_megabytes_where_they_are_allowed = () => odd(async (it) => {
  const client = await connect(byHttp(it.mcp("odd")), { capabilities: {} });
  const answer = await call(client, "echo", { text: "y".repeat(10 << 20) });
  check("it passes", said(answer)?.length === 10 << 20, told(answer));
  same("calls go on", said(await call(client, "echo", { text: "b" })), "b");
  await client.close();
}, { extra: 'timeout = "60s"', tail: '[bounds]\nbody = "24 MiB"' });

export const ten_thousand_tools = () => odd(async (it) => {
  const client = await connect(byHttp(it.mcp("odd")), { capabilities: {} });
  const began = Date.now();
  const listed = await allTools(client);
  const first = Date.now() - began;
  same("all that may be called are listed", listed.length, 10_010);
  const then = Date.now();
  await allTools(client);
  const second = Date.now() - then;
  same("one is called", said(await call(client, "tool_9999", { value: "v" })), "tool_9999");
  await client.close();
  return `listed in ${first} ms, again in ${second} ms`;
}, { env: { ODD_TOOLS: "10000" }, extra: 'timeout = "60s"', policy: `${policyOf("odd")}\n${Array.from({ length: 10_000 }, (_, at) => `tool tool_${at}(value?: string) on server "odd"`).join("\n")}\n` });

async function allTools(client) {
  const tools = [];
  let cursor;
  do {
    const page = await client.listTools(cursor ? { cursor } : {});
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor);
  return tools;
}

// Sessions come and go: nothing of them stays.
export const sessions_leave_nothing = () => odd(async (it) => {
  const one = async () => {
    const client = await connect(byHttp(it.mcp("odd")), { capabilities: {} });
    await call(client, "echo", { text: "a" });
    await client.wire.terminateSession();
    await client.close();
  };
  for (let at = 0; at < 3; at += 1) await one();
  await until("children have ended", () => descendants(it.pid).length === 0);
  const before = { fds: fds(it.pid), rss: rss(it.pid) };
  for (let at = 0; at < 5; at += 1) await Promise.all(Array.from({ length: 6 }, one));
  await until("children have ended", () => descendants(it.pid).length === 0);
  await until("files are closed", () => fds(it.pid) <= before.fds + 8, 30_000);
  return `30 sessions: files ${before.fds} then ${fds(it.pid)}, resident memory ${(before.rss / 1e6).toFixed(0)} then ${(rss(it.pid) / 1e6).toFixed(0)} MB`;
});

// A client that is killed in a call: the call ends and is settled, the child goes with its session at the latest.
export const client_vanishes_in_a_call = async () => {
  const dir = folder();
  const log = path.join(dir, "log");
  await odd(async (it) => {
    const client = await connect(byHttp(it.mcp("odd")), { capabilities: {} });
    call(client, "hang").catch(() => {});
    await until("the call has begun", () => fs.existsSync(log) && fs.readFileSync(log, "utf8").includes('"name":"hang"'));
    await client.close();
    await until("it is settled", () => it.audit().some(settled));
    const other = await connect(byHttp(it.mcp("odd")), { capabilities: {} });
    same("others are served", said(await call(other, "echo", { text: "b" })), "b");
    await other.close();
  }, { env: { ODD_LOG: log } });
  fs.rmSync(dir, { recursive: true });
};

export const many_sessions_at_once = () => odd(async (it) => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(byHttp(it.mcp("odd")), { capabilities: {} })));
  const pids = await Promise.all(clients.map(async (client) => said(await call(client, "whoami"))));
  same("each has a child of its own", new Set(pids).size, 20);
  await Promise.all(clients.map(async (client) => { await client.wire.terminateSession(); await client.close(); }));
  await until("no child is left", () => descendants(it.pid).length === 0);
}, { extra: 'timeout = "60s"' });

// A server that can't be started: the error says so.
export const server_that_does_not_start = () => withGateway({ servers: [server("odd", { command: "/no/such/program", args: [] })], policy: policyOf("odd") }, async (it) => {
  const error = await connect(byHttp(it.mcp("odd")), { capabilities: {} }).then((client) => call(client, "echo", { text: "a" }).then(told), String);
  check("an error", error);
  has("which server", error, "odd");
  await pause(10);
});

// Clients that start the gateway themselves: several at once, which share what is kept, and each ends with its client.
export const over_stdio_it_ends_with_its_client = () => odd(async (it) => {
  const clients = await Promise.all([1, 2, 3].map(() => connect(byStdio(it.stdio("--server", "odd")), { capabilities: {} })));
  const pids = await Promise.all(clients.map(async (client) => Number(said(await call(client, "whoami")))));
  same("each has a child of its own", new Set(pids).size, 3);
  const gateways = clients.map((client) => client.wire.pid);
  await clients[0].close();
  await until("the first has ended with its child", () => gone(gateways[0]) && gone(pids[0]));
  process.kill(gateways[1], "SIGKILL");
  await until("the child of one that is killed ends as well", () => gone(pids[1]));
  same("the third goes on", said(await call(clients[2], "echo", { text: "b" })), "b");
  await clients[2].close();
  await until("nothing is left", () => [...gateways, ...pids].every(gone));
});

const gone = (pid) => !fs.existsSync(`/proc/${pid}`);

// The bytes of a message may come in any pieces, and what is no message is answered as JSON-RPC says.
export const what_is_no_message = () => odd(async (it) => {
  const post = (body, headers = {}) => fetch(it.mcp("odd"), {
    method: "POST", body, headers: { authorization: `Bearer ${TOKENS.tester}`, "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
  });
  const open = { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "x", version: "1" } } };
  const session = (await post(JSON.stringify(open))).headers.get("mcp-session-id");
  const bad = ["", "nonsense", "[]", "{}", "null", '{"jsonrpc":"2.0"}', '{"jsonrpc":"2.0","id":2}', '{"jsonrpc":"1.0","id":2,"method":"ping"}', '{"jsonrpc":"2.0","id":{},"method":"ping"}',
    '{"jsonrpc":"2.0","id":2,"method":"tools/call"}', '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":[]}', '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":7}}',
    '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":"text"}}', '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","name":"big","arguments":{"text":"a"}}}',
    `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":${"[".repeat(5000)}${"]".repeat(5000)}}}}`, "\ud800", '{"jsonrpc":"2.0","id":2,"method":"no/such"}'];
  for (const body of bad) {
    const answer = await post(body, { "mcp-session-id": session });
    const text = await answer.text();
    check(`${body.slice(0, 80)}: no result`, !text.includes('"result"') || text.includes('"isError":true'), [answer.status, text.slice(0, 300)]);
    check(`${body.slice(0, 80)}: no failure of the gateway`, answer.status < 500, [answer.status, text.slice(0, 300)]);
  }
  const twice = JSON.stringify({ jsonrpc: "2.0", id: 3, method: "tools/call", params: { name: "echo", arguments: { text: "on" } } });
  has("calls go on", await (await post(twice, { "mcp-session-id": session })).text(), '"on"');
});
