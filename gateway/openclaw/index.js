// Asks `claw-gateway hook openclaw` before each tool call and tells it how the call ended.
//
// OpenClaw blocks a call whose handler throws or takes longer than its budget (15 s). The process below gives up sooner.
// Whatever it says that is not one of the known answers blocks the call: a missing program, a signal, half a line.

import { spawn } from "node:child_process";

const id = "claw-guard";
const MOST_OUTPUT = 64 * 1024;

/** Runs the hook with one event and resolves to its exit status and what it printed. Never rejects. */
function ask(config, event) {
  const seconds = config.timeoutSeconds ?? 10;
  const args = ["hook", "openclaw", "--timeout", String(seconds)];
  if (config.project) args.push("--project", config.project);
  if (config.environment) args.push("--environment", config.environment);
  return new Promise((resolve) => {
    let child;
    let text = "";
    const end = (code, problem) => {
      clearTimeout(timer);
      resolve({ code, text, problem });
    };
    const timer = setTimeout(() => {
      child?.kill("SIGKILL");
      end(null, "it took too long");
    }, (seconds + 1) * 1000);
    try {
      child = spawn(config.command ?? "claw-gateway", args, { stdio: ["pipe", "pipe", "ignore"] });
    } catch (error) {
      end(null, String(error));
      return;
    }
    child.on("error", (error) => end(null, String(error)));
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (chunk) => {
      if (text.length < MOST_OUTPUT) text += chunk;
    });
    child.on("close", (code) => end(code, code === null ? "it was killed" : undefined));
    child.stdin.on("error", () => {}); // It may have answered without reading.
    child.stdin.end(JSON.stringify(event));
  });
}

/** What the hook said, or a denial. */
function answerOf({ code, text, problem }) {
  const denied = (reason) => ({ answer: "deny", reason });
  if (problem) return denied(`claw could not be asked: ${problem}`);
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    return denied(`claw could not be asked: its answer can't be read (status ${code})`);
  }
  const wanted = { allow: 0, ask: 0, deny: 2 }[said?.answer];
  return wanted === code ? said : denied("claw gave an answer that is not known");
}

/** The hook's event for a call; without the names that settle it, there is none. */
function eventOf(name, event, context) {
  const sessionKey = context?.sessionKey ?? context?.sessionId ?? event.runId ?? context?.runId;
  const toolCallId = event.toolCallId ?? context?.toolCallId;
  return { event: name, sessionKey, toolCallId, toolName: event.toolName, params: event.params ?? {} };
}

const plugin = {
  id,
  name: "claw guard",
  description: "Asks claw before each tool call",
  register(api) {
    const config = api.pluginConfig ?? {};

    api.on(
      "before_tool_call",
      async (event, context) => {
        const call = eventOf("before_tool_call", event, context);
        const said = answerOf(await ask(config, call));
        if (said.answer === "allow") return undefined;
        if (said.answer === "deny") return { block: true, blockReason: said.reason ?? "claw denies it" };
        return {
          requireApproval: {
            title: `claw: ${event.toolName}`.slice(0, 80),
            description: String(said.reason ?? "claw asks you").slice(0, 250),
            severity: "warning",
            timeoutMs: 120_000,
            timeoutBehavior: "deny",
            allowedDecisions: ["allow-once", "deny"],
            onResolution: async (decision) => {
              if (decision !== "allow-once") await ask(config, { ...call, event: "refused" });
            },
          },
        };
      },
      { priority: -1000, timeoutMs: 15_000 }, // After all that may change the arguments.
    );

    api.on("after_tool_call", async (event, context) => {
      const { result, error } = event;
      const ended = eventOf("after_tool_call", event, context);
      delete ended.params;
      const said = await ask(config, error ? { ...ended, error: String(error) } : { ...ended, result });
      if (said.code !== 0) api.logger?.warn?.(`claw could not note how ${event.toolName} ended`);
    });
  },
};

export default plugin;
