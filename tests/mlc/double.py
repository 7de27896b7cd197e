"""Stands in for `mlc_llm serve`: its command line, its routes and each peculiarity of its answers.

Says what it was started with when it is asked for `arguments`, and calls a tool where there is one.
"""

from __future__ import annotations

import argparse
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NULLS = {"logprobs": None, "finish_reason": None, "index": 0}


class Refused(Exception):
    """A status and a body."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def failure(message: str) -> Refused:
    """JSON within JSON, as the engine's own errors are sent."""
    return Refused(400, json.dumps({"object": "error", "message": message, "code": 400}))


def invalid(place: str, message: str) -> Refused:
    return Refused(422, {"detail": [{"type": "value_error", "loc": ["body", place], "msg": message}]})


class Handler(BaseHTTPRequestHandler):
    """One server of one model."""

    model = ""
    key = ""

    def do_GET(self) -> None:
        found = self.path == "/v1/models"
        body = {"object": "list", "data": [{"id": self.model, "object": "model", "owned_by": "MLC-LLM"}]}
        self._json(200, body) if found else self._json(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            if self.headers["authorization"] != f"Bearer {self.key}":
                raise Refused(401, {"detail": "Invalid API Key"})
            if self.path != "/v1/chat/completions":
                raise Refused(404, {"detail": "Not Found"})
            self._stream(checked(body, self.model))
        except Refused as refused:
            self._json(refused.status, refused.body)

    def _stream(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for delta in deltas(body):
            delta = {
                "role": "assistant",
                "content": "",
                "name": None,
                "tool_calls": None,
                "tool_call_id": None,
            } | delta
            self._event({"choices": [{**NULLS, "delta": delta}], "usage": None})
        reason = "tool_calls" if body.get("tools") else "stop"
        self._event(
            {"choices": [{**NULLS, "delta": {"role": "assistant", "content": ""}, "finish_reason": reason}]}
        )
        if (body.get("stream_options") or {}).get("include_usage"):
            self._event({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "extra": None}})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, chunk: dict[str, Any]) -> None:
        whole = {"id": "x", "object": "chat.completion.chunk", "system_fingerprint": "", **chunk}
        self.wfile.write(b"data: " + json.dumps(whole).encode() + b"\n\n")

    def _json(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def checked(body: dict[str, Any], model: str) -> dict[str, Any]:
    if body["model"] != model:
        raise failure(f"The requested model {body['model']} is not served.")
    if body.get("user") is not None:
        raise failure("The request id is in use.")
    wanted = body.get("response_format") or {"type": "text"}
    if wanted["type"] not in ("text", "json_object"):
        raise invalid("response_format", "Input should be 'text' or 'json_object'")
    if wanted.get("schema") is not None:
        if not isinstance(wanted["schema"], str):
            raise invalid("response_format", "Input should be a valid string")
        if json.loads(wanted["schema"]).get("type") not in ("object", "string"):
            raise failure("The schema is not valid.")
    if body.get("top_logprobs") and not body.get("logprobs"):
        raise invalid("top_logprobs", "needs logprobs")
    if body.get("stream_options") and not body.get("stream"):
        raise invalid("stream_options", "needs stream")
    return body


def deltas(body: dict[str, Any]) -> list[dict[str, Any]]:
    if body.get("tools"):
        name = body["tools"][0]["function"]["name"]
        function = {"name": name, "arguments": {"word": "GGUF"}}
        return [{"tool_calls": [{"id": "call_1", "type": "function", "function": function}]}]
    if body.get("response_format"):
        name, *_ = json.loads(body["response_format"]["schema"]).get("properties", "a")
        return [{"content": f'{{"{name}"'}, {"content": ": 1}"}]
    if body["messages"][-1]["content"] == "arguments":
        return [{"content": " ".join(sys.argv[1:])}]
    return [{"content": "Hello"}, {"content": " there"}]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("model")
    for name in ("--device", "--mode", "--overrides", "--host", "--api-key"):
        parser.add_argument(name)
    parser.add_argument("--port", type=int)
    given = parser.parse_args()
    if not (Path(given.model) / "mlc-chat-config.json").is_file():
        sys.exit("error: no mlc-chat-config.json")
    Handler.model, Handler.key = given.model, given.api_key
    ThreadingHTTPServer((given.host, given.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
