// Approvals: asked for, granted or refused by a person, used once, for these arguments, in time.
import fs from "node:fs";
import path from "node:path";
import { askings, files, told, vote } from "../lib/cases.mjs";
import { check, has, pause, same, until } from "../lib/check.mjs";
import { byHttp, connect, raw } from "../lib/clients.mjs";
import { SERVERS, policyOf, server, withGateway } from "../lib/gateway.mjs";

const pending = (list) => (list ?? []).filter((asking) => ["pending", "waiting", "open"].includes(asking.state ?? "pending"));
const waiting = (it) => until("someone is asked", async () => { const list = pending(await askings(it)); return list.length && list; });
const write = (client, file, content) => raw(client, "tools/call", { name: "write_file", arguments: { path: file, content } }, { timeout: 100_000 });

export const granted_while_the_call_waits = () => files(async (it, root) => {
  const client = await connect(byHttp(it.mcp("filesystem")), { capabilities: {} });
  const file = path.join(root, "new.txt");
  const call = write(client, file, "approved text");
  const [asking] = await waiting(it);
  check("nothing is written yet", !fs.existsSync(file));
  has("the exact arguments are shown", JSON.stringify(asking), "new.txt");
  same("the vote is taken", (await vote(it, asking.id, "grant")).ok, true);
  const done = await call;
  check("the call went on", done && !told(done), done);
  same("it is written", fs.readFileSync(file, "utf8"), "approved text");

  // Used once: the same call again is asked for again.
  fs.rmSync(file);
  const again = write(client, file, "approved text");
  const [next] = await waiting(it);
  check("another asking", next.id !== asking.id, next);
  same("it is refused", (await vote(it, next.id, "refuse", "no")).ok, true);
  check("the error says so", /refused/.test(told(await again)), await again);
  check("nothing is written", !fs.existsSync(file));
  await client.close();
}, { wait: "60s" });

export const pending_then_asked_again = () => files(async (it, root) => {
  const client = await connect(byHttp(it.mcp("filesystem")), { capabilities: {} });
  const file = path.join(root, "later.txt");
  const first = told(await write(client, file, "one"));
  has("the error says what to do", first, "again");
  has("and where", first, `${it.url}/approvals/`);
  const [asking] = await waiting(it);
  same("the vote is taken", (await vote(it, asking.id, "grant")).ok, true);
  const other = told(await write(client, file, "two"));
  check("other arguments are not approved", other, other);
  check("nothing is written", !fs.existsSync(file));
  const done = await write(client, file, "one");
  check("the approved call runs", !told(done), done);
  same("it is written", fs.readFileSync(file, "utf8"), "one");
  check("it runs once", told(await write(client, file, "one")));
  await client.close();
}, { wait: "1s" });

export const granted_too_late = () => files(async (it, root) => {
  const client = await connect(byHttp(it.mcp("filesystem")), { capabilities: {} });
  const file = path.join(root, "late.txt");
  check("pending", told(await write(client, file, "late")));
  const [asking] = await waiting(it);
  await pause(2_500);
  const voted = await vote(it, asking.id, "grant");
  check("a vote after the end is refused", !voted.ok, voted.status);
  check("the call is not allowed", told(await write(client, file, "late")));
  check("nothing is written", !fs.existsSync(file));
  await client.close();
}, { wait: "200ms", policy: policyOf("filesystem").replace("expires 15m", "expires 2s") });

export const granted_in_time_used_too_late = () => files(async (it, root) => {
  const client = await connect(byHttp(it.mcp("filesystem")), { capabilities: {} });
  const file = path.join(root, "late.txt");
  check("pending", told(await write(client, file, "late")));
  const [asking] = await waiting(it);
  same("the vote is taken", (await vote(it, asking.id, "grant")).ok, true);
  await pause(5_000);
  check("the call is not allowed", told(await write(client, file, "late")));
  check("nothing is written", !fs.existsSync(file));
  await client.close();
}, { wait: "200ms", policy: policyOf("filesystem").replace("expires 15m", "expires 4s") });

// A client that goes away while people are asked: nothing runs afterwards.
export const client_gone_while_waiting = () => files(async (it, root) => {
  const client = await connect(byHttp(it.mcp("filesystem")), { capabilities: {} });
  const file = path.join(root, "gone.txt");
  write(client, file, "gone").catch(() => {});
  const [asking] = await waiting(it);
  await client.wire.terminateSession();
  await client.close();
  await pause(500);
  same("the vote is taken", (await vote(it, asking.id, "grant")).ok, true);
  await pause(1_500);
  check("nothing is written", !fs.existsSync(file));
}, { wait: "60s" });

const CONFIRM = policyOf("everything").replace("grant any to tester", `grant any to tester

approval confirmed {
  by      user
  expires 5m
}
rule sums_are_confirmed { on get_sum  require confirmed }
`);
const everything = (action, options) => withGateway({ servers: [server("everything", SERVERS.everything())], policy: CONFIRM, ...options }, action);
const sum = (client) => raw(client, "tools/call", { name: "get-sum", arguments: { a: 2, b: 40 } }, { timeout: 100_000 });

// `by user`: the client's own dialogue, with the exact arguments.
export const elicitation = () => everything(async (it) => {
  for (const [action, content] of [["accept", {}], ["decline", undefined], ["cancel", undefined]]) {
    const shown = [];
    const client = await connect(byHttp(it.mcp("everything")), {
      elicit: (request) => {
        shown.push(request.params);
        const properties = request.params.requestedSchema?.properties ?? {};
        const filled = Object.fromEntries(Object.entries(properties).map(([name, { type }]) => [name, type === "boolean" ? true : "yes"]));
        return content ? { action, content: filled } : { action };
      },
    });
    const done = await sum(client);
    check(`${action}: the user was asked once`, shown.length === 1, shown);
    has(`${action}: what runs is shown`, shown[0].message, "get-sum");
    has(`${action}: the arguments are shown`, shown[0].message, "40");
    if (action === "accept") check("it ran", JSON.stringify(done).includes("42"), done);
    else check(`${action}: it did not run`, told(done), done);
    await client.close();
  }
}, { wait: "1s" });

export const no_elicitation_where_the_client_has_none = () => everything(async (it) => {
  const client = await connect(byHttp(it.mcp("everything")), { capabilities: {} });
  check("it did not run", told(await sum(client)));
  same("nothing was asked of the client", client.kept.asked.length, 0);
  await client.close();
}, { wait: "1s" });

// Two gateways' worth of clients wait with the same call: an approval is for one of them.
export const two_wait_for_the_same = () => files(async (it, root) => {
  const clients = await Promise.all([1, 2].map(() => connect(byHttp(it.mcp("filesystem")), { capabilities: {} })));
  const file = path.join(root, "twice.txt");
  const calls = clients.map((client) => write(client, file, "same"));
  const list = await until("both are asked for", async () => { const all = pending(await askings(it)); return all.length && all; });
  same("the vote is taken", (await vote(it, list[0].id, "grant")).ok, true);
  const done = await Promise.all(calls);
  same("one ran", done.filter((answer) => !told(answer)).length, 1);
  await Promise.all(clients.map((client) => client.close()));
}, { wait: "5s" });
