// What the policy does not allow is not listed, not called, and the error says why and what to do.
import fs from "node:fs";
import path from "node:path";
import { files, told } from "../lib/cases.mjs";
import { check, has, same } from "../lib/check.mjs";
import { byHttp, byStdio, connect, raw } from "../lib/clients.mjs";
import { SERVERS, TOKENS } from "../lib/gateway.mjs";

export const a_rule_says_why = () => files(async (it, root) => {
  for (const transport of [byHttp(it.mcp("filesystem")), byStdio(it.stdio("--server", "filesystem"))]) {
    const client = await connect(transport);
    const read = (name) => raw(client, "tools/call", { name: "read_text_file", arguments: { path: path.join(root, name) } });
    same("the other file is read", (await read("a.txt")).content, [{ type: "text", text: "alpha\n" }]);
    const denied = told(await read("b.secret"));
    has("the message", denied, "`b.secret` is a secret file");
    has("what to do instead", denied, "read another file");
    check("nothing of the file is told", !denied.includes("do not read"), denied);
    await client.close();
  }
});

export const same_file_as_without = () => files(async (it, root) => {
  const seen = [];
  for (const transport of [byStdio(SERVERS.filesystem(root)), byHttp(it.mcp("filesystem"))]) {
    const client = await connect(transport, { capabilities: {} });
    const call = (name, args) => raw(client, "tools/call", { name, arguments: args });
    seen.push(await Promise.all([
      call("read_text_file", { path: path.join(root, "a.txt") }), call("list_directory", { path: root }), call("directory_tree", { path: root }),
      call("read_text_file", { path: path.join(root, "missing.txt") }),
      call("read_text_file", { path: "/etc/hostname" }),
    ]));
    await client.close();
  }
  same("results and the server's own errors", seen[1], seen[0]);
});

export const only_callable_tools_are_listed = () => files(async (it, root) => {
  const client = await connect(byHttp(it.mcp("filesystem")));
  const names = (await client.listTools()).tools.map(({ name }) => name).sort();
  same("tools", names, ["create_directory", "directory_tree", "edit_file", "get_file_info", "list_directory", "read_text_file", "write_file"]);
  for (const [name, args] of [["move_file", { source: `${root}/a.txt`, destination: `${root}/c.txt` }], ["no_such_tool", {}]]) {
    check(`${name} is refused`, told(await raw(client, "tools/call", { name, arguments: args })));
  }
  check("nothing moved", fs.existsSync(path.join(root, "a.txt")));
  await client.close();
});

// The judged form of the arguments is what runs: `..` is resolved before, and a symbolic link leads where it leads.
export const paths_cannot_trick = () => files(async (it, root) => {
  fs.symlinkSync(path.join(root, "b.secret"), path.join(root, "link.txt"));
  const client = await connect(byHttp(it.mcp("filesystem")));
  const read = (name) => raw(client, "tools/call", { name: "read_text_file", arguments: { path: `${root}/${name}` } });
  has("dots", told(await read("x/../b.secret")), "is a secret file");
  has("slashes", told(await read(".//b.secret")), "is a secret file");
  check("a relative path is no path", told(await raw(client, "tools/call", { name: "read_text_file", arguments: { path: "b.secret" } })));
  check("an unknown argument is refused", told(await raw(client, "tools/call", { name: "read_text_file", arguments: { path: `${root}/a.txt`, follow: true } })));
  await client.close();
});

export const nobody_gets_in_without_a_token = () => files(async (it) => {
  const initialize = { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "x", version: "1" } } };
  const post = (headers, at = it.mcp("filesystem")) => fetch(at, {
    method: "POST", body: JSON.stringify(initialize),
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
  });
  same("no token", (await post({})).status, 401);
  same("a wrong token", (await post({ authorization: `Bearer ${TOKENS.tester}x` })).status, 401);
  same("a person's token", (await post({ authorization: `Bearer ${TOKENS.olga}` })).status >= 401, true);
  const opened = await post({ authorization: `Bearer ${TOKENS.tester}` });
  same("the right token", opened.status, 200);
  const session = opened.headers.get("mcp-session-id");
  check("a session was opened", session);
  same("another caller's session", (await post({ authorization: `Bearer ${TOKENS.other}`, "mcp-session-id": session })).status, 404);
  same("a foreign origin", (await post({ authorization: `Bearer ${TOKENS.tester}`, origin: "https://evil.example" })).status, 403);
  check("an unknown server", [403, 404].includes((await post({ authorization: `Bearer ${TOKENS.tester}` }, it.mcp("nothing"))).status));
});
