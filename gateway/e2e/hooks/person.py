"""A person at the prompt, as an MCP server: Claude Code asks it in place of its own dialog. Says yes, or no: `person.py allow|deny`."""

import json
import sys

TOOL = {"name": "ask", "inputSchema": {"type": "object"}}


def answer(message):
    method, params = message["method"], message.get("params", {})
    if method == "initialize":
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                "serverInfo": {"name": "person", "version": "1"}}
    if method == "tools/list":
        return {"tools": [TOOL]}
    if method == "tools/call":
        asked = params["arguments"]
        said = {"behavior": "allow", "updatedInput": asked["input"]} if sys.argv[1] == "allow" else {"behavior": "deny", "message": "no"}
        return {"content": [{"type": "text", "text": json.dumps(said)}]}
    return {}


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": answer(message)}), flush=True)
