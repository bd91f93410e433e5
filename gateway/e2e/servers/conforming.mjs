// An MCP server that does all that the conformance suite asks of one: `conforming.mjs stdio | http PORT`.
// With it the suite passes, so that a proxy that loses anything is seen.
import http from "node:http";
import { randomUUID } from "node:crypto";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import * as types from "@modelcontextprotocol/sdk/types.js";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const text = (value) => ({ content: [{ type: "text", text: value }] });
const none = { type: "object", properties: {} };
const words = (...names) => ({ type: "object", properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])), required: names });

const elicit = (extra, message, properties, required) => extra.sendRequest(
  { method: "elicitation/create", params: { mode: "form", message, requestedSchema: { type: "object", properties, ...(required && { required }) } } },
  types.ElicitResultSchema,
);
const completed = ({ action, content }) => text(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`);
const choice = (...titles) => titles.map((title, at) => ({ const: `value${at + 1}`, title }));

const TOOLS = {
  test_simple_text: [none, async () => text("This is a simple text response for testing.")],
  test_image_content: [none, async () => ({ content: [{ type: "image", data: PNG, mimeType: "image/png" }] })],
  test_audio_content: [none, async () => ({ content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }] })],
  test_embedded_resource: [none, async () => ({
    content: [{ type: "resource", resource: { uri: "test://embedded-resource", mimeType: "text/plain", text: "This is an embedded resource content." } }],
  })],
  test_multiple_content_types: [none, async () => ({
    content: [
      { type: "text", text: "Multiple content types test:" },
      { type: "image", data: PNG, mimeType: "image/png" },
      { type: "resource", resource: { uri: "test://mixed-content-resource", mimeType: "application/json", text: JSON.stringify({ test: "data", value: 123 }) } },
    ],
  })],
  test_tool_with_logging: [none, async (_, extra) => {
    for (const [at, data] of ["Tool execution started", "Tool processing data", "Tool execution completed"].entries()) {
      if (at > 0) await wait(50);
      await extra.sendNotification({ method: "notifications/message", params: { level: "info", logger: "conforming", data } });
    }
    return text("logged");
  }],
  test_tool_with_progress: [none, async (_, extra) => {
    const progressToken = extra._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progress > 0) await wait(50);
      if (progressToken !== undefined) await extra.sendNotification({ method: "notifications/progress", params: { progressToken, progress, total: 100, message: `at ${progress}` } });
    }
    return text("done");
  }],
  test_error_handling: [none, async () => ({ isError: true, ...text("This tool intentionally returns an error for testing") })],
  test_sampling: [words("prompt"), async ({ prompt }, extra) => {
    const answer = await extra.sendRequest(
      { method: "sampling/createMessage", params: { messages: [{ role: "user", content: { type: "text", text: prompt } }], maxTokens: 100 } },
      types.CreateMessageResultSchema,
    );
    return text(`LLM response: ${answer.content.text}`);
  }],
  test_elicitation: [words("message"), async ({ message }, extra) => {
    const field = (description) => ({ type: "string", description });
    const answer = await elicit(extra, message, { username: field("User's response"), email: field("User's email address") }, ["username", "email"]);
    return text(`User response: action: ${answer.action}, content: ${JSON.stringify(answer.content ?? {})}`);
  }],
  test_elicitation_sep1034_defaults: [none, async (_, extra) => completed(await elicit(extra, "Defaults", {
    name: { type: "string", description: "A name", default: "John Doe" },
    age: { type: "integer", description: "An age", default: 30 },
    score: { type: "number", description: "A score", default: 95.5 },
    status: { type: "string", description: "A status", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", description: "Verified or not", default: true },
  }))],
  test_elicitation_sep1330_enums: [none, async (_, extra) => completed(await elicit(extra, "Enums", {
    untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
    titledSingle: { type: "string", oneOf: choice("First Option", "Second Option", "Third Option") },
    legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["Option One", "Option Two", "Option Three"] },
    untitledMulti: { type: "array", items: { type: "string", enum: ["option1", "option2", "option3"] } },
    titledMulti: { type: "array", items: { anyOf: choice("First Choice", "Second Choice", "Third Choice") } },
  }))],
  test_reconnection: [none, async (_, extra) => {
    // The stream ends before the answer; a client that asks again with the last event's id gets it.
    extra.closeSSEStream?.();
    await wait(100);
    return text("Reconnection test completed successfully");
  }],
  json_schema_2020_12_tool: [{
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: { address: { type: "object", properties: { street: { type: "string" }, city: { type: "string" } } } },
    properties: { name: { type: "string" }, address: { $ref: "#/$defs/address" } },
    additionalProperties: false,
  }, async (args) => text(`got ${JSON.stringify(args)}`)],
};

const RESOURCES = {
  "test://static-text": { mimeType: "text/plain", text: "This is the content of the static text resource." },
  "test://static-binary": { mimeType: "image/png", blob: PNG },
  "test://watched-resource": { mimeType: "text/plain", text: "Watched." },
  "test://example-resource": { mimeType: "text/plain", text: "An example." },
};

const message = (content) => ({ role: "user", content });
const said = (value) => message({ type: "text", text: value });
const PROMPTS = {
  test_simple_prompt: [[], () => [said("This is a simple prompt for testing.")]],
  test_prompt_with_arguments: [["arg1", "arg2"], ({ arg1, arg2 }) => [said(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)]],
  test_prompt_with_embedded_resource: [["resourceUri"], ({ resourceUri }) => [
    message({ type: "resource", resource: { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." } }),
    said("Please process the embedded resource above."),
  ]],
  test_prompt_with_image: [[], () => [message({ type: "image", data: PNG, mimeType: "image/png" }), said("Please analyze the image above.")]],
};

function server() {
  const it = new Server({ name: "conforming", version: "1.0.0" }, {
    capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, prompts: { listChanged: true }, logging: {}, completions: {} },
    instructions: "Made for tests.",
  });
  const on = (schema, action) => it.setRequestHandler(schema, action);
  const unknown = (what) => { throw new types.McpError(types.ErrorCode.InvalidParams, `unknown: ${what}`); };
  on(types.ListToolsRequestSchema, () => ({ tools: Object.entries(TOOLS).map(([name, [inputSchema]]) => ({ name, description: `Does ${name}.`, inputSchema })) }));
  on(types.CallToolRequestSchema, ({ params }, extra) => (TOOLS[params.name] ?? unknown(params.name))[1](params.arguments ?? {}, extra));
  on(types.ListResourcesRequestSchema, () => ({ resources: Object.entries(RESOURCES).map(([uri, { mimeType }]) => ({ uri, name: uri.slice(7), description: `Is ${uri}.`, mimeType })) }));
  on(types.ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [{ uriTemplate: "test://template/{id}/data", name: "template", description: "Has data of an id.", mimeType: "application/json" }],
  }));
  on(types.ReadResourceRequestSchema, ({ params: { uri } }) => {
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    if (id) return { contents: [{ uri, mimeType: "application/json", text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) }] };
    return { contents: [{ uri, ...(RESOURCES[uri] ?? unknown(uri)) }] };
  });
  on(types.SubscribeRequestSchema, () => ({}));
  on(types.UnsubscribeRequestSchema, () => ({}));
  on(types.SetLevelRequestSchema, () => ({}));
  on(types.CompleteRequestSchema, () => ({ completion: { values: ["paris", "park", "party"], total: 150, hasMore: false } }));
  on(types.ListPromptsRequestSchema, () => ({
    prompts: Object.entries(PROMPTS).map(([name, [args]]) => ({ name, description: `Says ${name}.`, arguments: args.map((arg) => ({ name: arg, description: arg, required: true })) })),
  }));
  on(types.GetPromptRequestSchema, ({ params }) => ({ messages: (PROMPTS[params.name] ?? unknown(params.name))[1](params.arguments ?? {}) }));
  return it;
}

// Events of streams, so that a client may come back for what it missed.
class Events {
  #kept = [];
  async storeEvent(stream, message) { this.#kept.push({ id: randomUUID(), stream, message }); return this.#kept.at(-1).id; }
  async getStreamIdForEventId(id) { return this.#kept.find((event) => event.id === id)?.stream; }
  async replayEventsAfter(last, { send }) {
    const at = this.#kept.findIndex((event) => event.id === last);
    const { stream } = this.#kept[at] ?? {};
    for (const event of this.#kept.slice(at + 1)) if (event.stream === stream && event.message?.jsonrpc) await send(event.id, event.message);
    return stream;
  }
}

async function serve(port) {
  const sessions = new Map();
  const host = `127.0.0.1:${port}`;
  http.createServer(async (request, response) => {
    const id = request.headers["mcp-session-id"];
    let transport = sessions.get(id);
    if (!transport) {
      if (id) return response.writeHead(404).end();
      transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID, eventStore: new Events(), retryInterval: 500, enableDnsRebindingProtection: true,
        allowedHosts: [host, `localhost:${port}`], allowedOrigins: [`http://${host}`, `http://localhost:${port}`],
        onsessioninitialized: (session) => sessions.set(session, transport),
      });
      await server().connect(transport);
    }
    await transport.handleRequest(request, response);
  }).listen(port, "127.0.0.1", () => console.log(`listening on ${port}`));
}

const [how, port] = process.argv.slice(2);
if (how === "http") await serve(Number(port));
else await server().connect(new StdioServerTransport());
