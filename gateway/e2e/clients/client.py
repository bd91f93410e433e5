"""A client of the Python SDK: lists what a server has, calls some tools, and prints all it saw as JSON.

The only argument is JSON: {"url", "token"} or {"command", "args", "env"}, and "calls": [[tool, arguments], ...].
"""

import asyncio
import json
import sys

import mcp
import mcp.types as types
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client


def plain(value):
    return value.model_dump(mode="json", by_alias=True, exclude_none=True) if hasattr(value, "model_dump") else value


async def sample(context, params):
    content = types.TextContent(type="text", text="sampled")
    return types.CreateMessageResult(role="assistant", model="m", content=content, stopReason="endTurn")


async def elicit(context, params):
    return types.ElicitResult(action="accept", content={"name": "Ada", "check": True})


def transport(how):
    if "url" in how:
        http = create_mcp_http_client(headers={"Authorization": f"Bearer {how['token']}"})
        return streamable_http_client(how["url"], http_client=http)
    server = mcp.StdioServerParameters(command=how["command"], args=how["args"], env=how.get("env") or None)
    return stdio_client(server, errlog=sys.stderr)


async def attempt(action):
    try:
        return plain(await action)
    except mcp.MCPError as error:
        return {"error": str(error)}


async def main():
    how = json.loads(sys.argv[1])
    seen = {"results": [], "progress": 0}

    async def progress(done, total, message):
        seen["progress"] += 1

    async with mcp.Client(
        transport(how), sampling_callback=sample, elicitation_callback=elicit, read_timeout_seconds=120
    ) as client:
        session = client.session
        seen["server"] = plain(session.server_info)
        # Tasks are not offered through a gateway.
        seen["capabilities"] = {name: value for name, value in plain(session.server_capabilities).items() if name != "tasks"}
        seen["protocol"] = session.protocol_version
        # The server adds tools once it has seen what the client can do.
        for _ in range(100):
            tools = await client.list_tools()
            if len(tools.tools) >= how.get("tools", 14):
                break
            await asyncio.sleep(0.1)
        seen["tools"] = sorted(tool.name for tool in tools.tools)
        if session.server_capabilities.resources:
            seen["resources"] = plain(await client.list_resources())
            seen["prompts"] = plain(await client.list_prompts())
        for name, arguments in how["calls"]:
            seen["results"].append(await attempt(client.call_tool(name, arguments, progress_callback=progress)))
    print(json.dumps(seen))


asyncio.run(main())
