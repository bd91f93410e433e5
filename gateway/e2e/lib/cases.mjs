// What several scenarios have in common.
import fs from "node:fs";
import path from "node:path";
import { same } from "./check.mjs";
import { SERVERS, TOKENS, folder, policyOf, server, withGateway } from "./gateway.mjs";

// Runs something with a gateway before the server for files, which has a folder with two of them.
export async function files(action, options = {}) {
  const root = folder("claw-files-");
  fs.writeFileSync(path.join(root, "a.txt"), "alpha\n");
  fs.writeFileSync(path.join(root, "b.secret"), "do not read\n");
  const servers = [server("filesystem", SERVERS.filesystem(root))];
  try {
    return await withGateway({ servers, policy: policyOf("filesystem"), ...options }, (it) => action(it, root));
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

// Text of an error, however it is told: as a protocol error or as a result.
export function told(answer) {
  return answer?.error ? `${answer.error.message} ${JSON.stringify(answer.error.data ?? {})}` : answer?.isError ? JSON.stringify(answer.content) : undefined;
}

// What the page's list says to a program.
export async function askings(it, person = TOKENS.olga) {
  const answer = await fetch(`${it.url}/v1/approvals`, { headers: { authorization: `Bearer ${person}` } });
  same("the list of askings answers", answer.status, 200);
  const body = await answer.json();
  return (Array.isArray(body) ? body : body.askings ?? body.approvals ?? body.waiting);
}

export async function vote(it, id, verdict, note, person = TOKENS.olga) {
  return fetch(`${it.url}/v1/approvals/${id}/votes`, {
    method: "POST", body: JSON.stringify({ verdict, note }),
    headers: { authorization: `Bearer ${person}`, "content-type": "application/json" },
  });
}

// The records of a log that say that a call was decided, and that one has ended.
export const begun = (record) => record.event === "decision";
export const settled = (record) => record.event === "result";
