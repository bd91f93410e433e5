// A client of the TypeScript SDK that keeps every message it sent and got, as they were.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { TOKENS } from "./gateway.mjs";

export const byStdio = ({ command, args, env }) => new StdioClientTransport({ command, args, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }, stderr: "ignore" });

export const byHttp = (url, token = TOKENS.tester) => new StreamableHTTPClientTransport(new URL(url), {
  requestInit: { headers: token ? { authorization: `Bearer ${token}` } : {} },
});

const ALL = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };

// `elicit`: answers an elicitation; `sample`: a sampling request. Both are kept in `asked`.
export async function connect(transport, { capabilities = ALL, elicit, sample, roots } = {}) {
  const client = new Client({ name: "claw-e2e", version: "1.0.0" }, { capabilities });
  const kept = { sent: [], got: [], asked: [], notes: [] };
  if (capabilities.elicitation) client.setRequestHandler(ElicitRequestSchema, async (request, extra) => {
    kept.asked.push(request);
    return elicit ? elicit(request, extra) : { action: "accept", content: {} };
  });
  if (capabilities.sampling) client.setRequestHandler(CreateMessageRequestSchema, async (request) => {
    kept.asked.push(request);
    return sample ? sample(request) : { role: "assistant", model: "m", stopReason: "endTurn", content: { type: "text", text: "sampled" } };
  });
  if (capabilities.roots) client.setRequestHandler(ListRootsRequestSchema, async () => {
    kept.asked.push({ method: "roots/list" });
    return { roots: roots ?? [{ uri: "file:///srv/root", name: "root" }] };
  });
  client.fallbackNotificationHandler = async (note) => { kept.notes.push(note); };
  const send = transport.send.bind(transport);
  transport.send = (message, ...rest) => { kept.sent.push(message); return send(message, ...rest); };
  let deliver;
  Object.defineProperty(transport, "onmessage", {
    get: () => deliver,
    set: (next) => { deliver = (message, ...rest) => { kept.got.push(structuredClone(message)); return next(message, ...rest); }; },
  });
  await client.connect(transport);
  return Object.assign(client, { kept, wire: transport });
}

// The raw answer to the last request of a method.
export function answer(client, method) {
  const request = client.kept.sent.findLast((message) => message.method === method);
  return client.kept.got.find((message) => message.id === request?.id && message.method === undefined);
}

// The raw messages without being asked, of a method.
export const notes = (client, method) => client.kept.got.filter((message) => message.method === method && message.id === undefined);

// What a request answers as it came: the result, or the error.
export async function raw(client, method, params, options) {
  const { z } = await import("zod");
  const before = client.kept.sent.length;
  await client.request({ method, params }, z.any(), options).catch(() => {});
  const request = client.kept.sent.slice(before).find((message) => message.method === method);
  const found = client.kept.got.find((message) => message.id === request?.id && message.method === undefined);
  return found?.error ? { error: found.error } : found?.result;
}
