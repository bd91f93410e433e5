"""A model that says what it is told to: it makes a coding agent call tools, one turn after the other.

Speaks as much of the Messages API and of the Responses API as the agents need. Knows nothing of claw.
"""

import http.server
import json
import threading


class Model:
    """Serves a script: a list of turns, each a list of calls `(tool, arguments)`. After the last turn it is done."""

    def __init__(self, turns):
        self.turns = turns
        self.results = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def turn(self, answered):
        """The calls of the next turn, named, when so many have been answered."""
        done = 0
        for calls in self.turns:
            if answered == done:
                return [("call_%d_%d" % (done, i), tool, args) for i, (tool, args) in enumerate(calls)]
            done += len(calls)
        return []

    def messages(self, question):
        content = [m["content"] for m in question["messages"] if m["role"] == "user" and isinstance(m["content"], list)]
        results = [block for blocks in content for block in blocks if block.get("type") == "tool_result"]
        if question.get("tools"):
            self.results = [json.dumps(result["content"]) for result in results]
        calls = self.turn(len(results)) if question.get("tools") else []
        blocks = [{"type": "tool_use", "id": name, "name": tool, "input": args} for name, tool, args in calls]
        blocks = blocks or [{"type": "text", "text": "done"}]
        stop = "tool_use" if calls else "end_turn"
        usage = {"input_tokens": 1, "output_tokens": 1}
        message = {"id": "msg_%d" % len(results), "type": "message", "role": "assistant", "model": question["model"],
                   "stop_sequence": None, "usage": usage}
        if not question.get("stream"):
            return {**message, "content": blocks, "stop_reason": stop}, None
        events = [{"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}]
        for i, block in enumerate(blocks):
            if block["type"] == "text":
                start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
            else:
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
                start = {**block, "input": {}}
            events += [{"type": "content_block_start", "index": i, "content_block": start},
                       {"type": "content_block_delta", "index": i, "delta": delta},
                       {"type": "content_block_stop", "index": i}]
        end = {"stop_reason": stop, "stop_sequence": None}
        events += [{"type": "message_delta", "delta": end, "usage": usage}, {"type": "message_stop"}]
        return None, events

    def responses(self, question):
        results = [item for item in question["input"] if item.get("type", "").endswith("_output")]
        self.results = [json.dumps(result["output"]) for result in results]
        items = [{"type": "function_call", "id": "fc_" + name, "call_id": name, "name": tool, "arguments": json.dumps(args)}
                 for name, tool, args in self.turn(len(results))]
        text = {"type": "output_text", "text": "done", "annotations": []}
        items = items or [{"type": "message", "role": "assistant", "id": "m", "status": "completed", "content": [text]}]
        name = "resp_%d" % len(results)
        usage = {"input_tokens": 1, "input_tokens_details": None, "output_tokens": 1, "output_tokens_details": None,
                 "total_tokens": 2}
        events = [{"type": "response.created", "response": {"id": name}}]
        for i, item in enumerate(items):
            events += [{"type": "response.output_item.added", "output_index": i, "item": item},
                       {"type": "response.output_item.done", "output_index": i, "item": item}]
        end = {"id": name, "status": "completed", "output": items, "usage": usage}
        return None, events + [{"type": "response.completed", "response": end}]

    def handler(model):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, text, kind):
                body = text.encode()
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.answer('{"data": [], "models": []}', "application/json")

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                path = self.path.split("?")[0]
                if path.endswith("/messages"):
                    whole, events = model.messages(json.loads(body))
                elif path.endswith("/responses"):
                    whole, events = model.responses(json.loads(body))
                else:
                    whole, events = {"input_tokens": 1}, None
                if whole is not None:
                    return self.answer(json.dumps(whole), "application/json")
                lines = ["event: %s\ndata: %s\n\n" % (event["type"], json.dumps(event)) for event in events]
                self.answer("".join(lines), "text/event-stream")

        return Handler
