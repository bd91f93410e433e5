// What is allowed passes unchanged: everything that a client sees of a server is the same with and without the gateway.
import * as types from "@modelcontextprotocol/sdk/types.js";
import { settled } from "../lib/cases.mjs";
import { check, same, until } from "../lib/check.mjs";
import { byHttp, byStdio, connect, notes, raw } from "../lib/clients.mjs";
import { SERVERS, policyOf, server, withGateway } from "../lib/gateway.mjs";

// Times and ids differ from run to run.
const steady = (value) => JSON.parse(JSON.stringify(value ?? null)
  .replace(/"blob":"([^"]*)"/g, (_, blob) => `"blob":${JSON.stringify(Buffer.from(blob, "base64").toString("latin1"))}`)
  .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME")
  .replace(/\d{1,2}:\d\d:\d\d ?(AM|PM)/g, "TIME").replace(/"(taskId|progressToken|elicitationId)":("[^"]*"|\d+)/g, '"$1":"ID"'));

async function everything(client) {
  const seen = {};
  const keep = async (name, method, params, options) => { seen[name] = steady(await raw(client, method, params, options)); };
  const call = (name, args, options) => keep(`call ${name} ${JSON.stringify(args)}`, "tools/call", { name, arguments: args }, options);
  const { capabilities: { tasks, ...capabilities }, ...initialized } = client.kept.got.find((message) => message.id === 0).result;
  seen.initialize = { ...initialized, capabilities };
  // The server adds tools once it has seen the client's capabilities.
  await until("all tools are listed", async () => (await client.listTools()).tools.length >= 16);
  for (const what of ["tools", "prompts", "resources"]) await keep(`${what}/list`, `${what}/list`, {});
  await keep("templates", "resources/templates/list", {});
  await keep("ping", "ping");

  await call("echo", { message: "grüße \u0000 \u2028 🙂 \\ \" </script>" });
  await call("get-sum", { a: 0.1, b: 1e21 });
  for (const messageType of ["error", "success", "debug"]) await call("get-annotated-message", { messageType, includeImage: true });
  await call("get-structured-content", { location: "New York" });
  await call("get-tiny-image", {});
  await call("get-resource-links", { count: 4 });
  await call("get-resource-reference", { resourceType: "Blob", resourceId: 3 });
  await call("gzip-file-as-resource", { name: "a.gz", data: "data:text/plain;base64,aGVsbG8=", outputType: "resource" });
  await call("get-roots-list", {});
  await call("trigger-sampling-request", { prompt: "Say something", maxTokens: 20 });
  await call("trigger-elicitation-request", {});
  for (const errorPath of [false, true]) await call("trigger-url-elicitation", { url: "https://example.com/confirm", message: "Look here", elicitationId: "e-1", errorPath });
  // When the server asks for roots is its own affair.
  seen.asked = steady(client.kept.asked.filter(({ method }) => method !== "roots/list"));

  await call("trigger-long-running-operation", { duration: 0.4, steps: 4 }, { onprogress: () => {} });
  seen.progress = steady(notes(client, "notifications/progress"));

  await keep("prompt simple", "prompts/get", { name: "simple-prompt" });
  await keep("prompt args", "prompts/get", { name: "args-prompt", arguments: { city: "Köln", state: "NRW" } });
  await keep("prompt resource", "prompts/get", { name: "resource-prompt", arguments: { resourceType: "Text", resourceId: "2" } });
  await keep("complete prompt", "completion/complete", { ref: { type: "ref/prompt", name: "completable-prompt" }, argument: { name: "department", value: "E" } });
  await keep("complete in context", "completion/complete", {
    ref: { type: "ref/prompt", name: "completable-prompt" }, argument: { name: "name", value: "" }, context: { arguments: { department: "Sales" } },
  });
  await keep("complete template", "completion/complete", { ref: { type: "ref/resource", uri: "demo://resource/dynamic/text/{resourceId}" }, argument: { name: "resourceId", value: "1" } });

  await keep("read static", "resources/read", { uri: "demo://resource/static/document/features.md" });
  await keep("read text", "resources/read", { uri: "demo://resource/dynamic/text/7" });
  await keep("read blob", "resources/read", { uri: "demo://resource/dynamic/blob/7" });

  const uri = "demo://resource/dynamic/text/1";
  await keep("subscribe", "resources/subscribe", { uri });
  await call("toggle-subscriber-updates", {});
  await until("an update of the resource arrives", () => notes(client, "notifications/resources/updated").length);
  seen.updated = notes(client, "notifications/resources/updated")[0];
  await call("toggle-subscriber-updates", {});
  await keep("unsubscribe", "resources/unsubscribe", { uri });

  await keep("level", "logging/setLevel", { level: "debug" });
  await call("toggle-simulated-logging", {});
  await until("a log message arrives", () => notes(client, "notifications/message").length);
  seen.logged = Object.keys(notes(client, "notifications/message")[0].params).sort();
  await call("toggle-simulated-logging", {});
  return seen;
}

const answers = { elicit: () => ({ action: "accept", content: { name: "Ada", check: true, integer: 7 } }) };

async function alike(look, direct, proxied) {
  const seen = [];
  for (const transport of [direct, proxied]) {
    const client = await connect(transport, answers);
    try { seen.push(await look(client)); } finally { await client.close(); }
  }
  for (const name of new Set(seen.flatMap(Object.keys))) same(`with the gateway, ${name}`, seen[1][name], seen[0][name]);
  return `${Object.keys(seen[0]).length} things alike`;
}

const behind = (...names) => ({ servers: names.map((name) => server(name, SERVERS[name]())), policy: policyOf(names[0]) });

export const everything_over_http = () => withGateway(behind("everything"), (it) => alike(everything, byStdio(SERVERS.everything()), byHttp(it.mcp("everything"))));
export const everything_over_stdio = () => withGateway(behind("everything"), (it) => alike(everything, byStdio(SERVERS.everything()), byStdio(it.stdio("--server", "everything"))));
export const one_server_keeps_its_names = () => withGateway(behind("everything"), (it) => alike(
  async (client) => ({ tools: (await client.listTools()).tools.map(({ name }) => name), echo: await raw(client, "tools/call", { name: "echo", arguments: { message: "a" } }) }),
  byStdio(SERVERS.everything()), byHttp(it.mcp()),
));

// The order of keys, escapes and numbers are the server's as well: messages are compared as bytes.
export const results_byte_by_byte = () => withGateway(behind("everything"), async (it) => {
  const seen = [];
  for (const transport of [byStdio(SERVERS.everything()), byHttp(it.mcp("everything"))]) {
    const client = await connect(transport);
    const results = [await raw(client, "tools/list", {}), await raw(client, "tools/call", { name: "get-structured-content", arguments: { location: "Chicago" } })];
    seen.push(results.map((result) => JSON.stringify(result)));
    await client.close();
  }
  same("the bytes of results", seen[1], seen[0]);
});

// A call is cancelled: the server hears of it, and the client gets no answer.
export const cancellation = () => withGateway(behind("everything"), async (it) => {
  const client = await connect(byHttp(it.mcp("everything")));
  const stop = new AbortController();
  const long = client.callTool({ name: "trigger-long-running-operation", arguments: { duration: 600, steps: 2000 } }, undefined, {
    signal: stop.signal, onprogress: () => stop.abort("enough"), timeout: 100_000,
  });
  const error = await long.then(() => null, (failure) => failure);
  check("the call was given up", String(error).includes("enough"), error);
  same("calls go on", (await client.callTool({ name: "echo", arguments: { message: "on" } })).content, [{ type: "text", text: "Echo: on" }]);
  await client.close();
  await until("the call is settled", () => it.audit().filter(settled).length === 2);
});

// Tasks would go on after their call was settled, so they are not offered: a request for one is an error, not a surprise.
export const tasks_are_not_offered = () => withGateway(behind("everything"), async (it) => {
  const client = await connect(byHttp(it.mcp("everything")));
  same("the capability", client.getServerCapabilities().tasks, undefined);
  const made = await raw(client, "tools/call", { name: "simulate-research-query", arguments: { topic: "owls" }, task: { ttl: 60_000 } });
  check("no task is made", made && !made.task, made);
  check("asking for one is an error", (await raw(client, "tasks/get", { taskId: "1" })).error);
  await client.close();
});

// A server sees only the environment that it is given.
export const environment_of_a_child = () => withGateway({ servers: [server("everything", { ...SERVERS.everything(), env: { GIVEN: "yes" } })], policy: policyOf("everything"), env: { GATEWAY_SECRET: "hidden" } }, async (it) => {
  const client = await connect(byHttp(it.mcp("everything")));
  const { content: [{ text }] } = await client.callTool({ name: "get-env", arguments: {} }, types.CallToolResultSchema);
  const env = JSON.parse(text);
  same("what it was given", env.GIVEN, "yes");
  check("nothing else of the gateway's", env.GATEWAY_SECRET === undefined, env);
  check("only known names", Object.keys(env).every((name) => ["GIVEN", "PATH", "HOME", "LANG", "TMPDIR", "USER"].includes(name)), Object.keys(env));
  await client.close();
});
