"""A server that speaks as much of the OpenAI API as the tests need."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
RESPONSE_USAGE = {
    "input_tokens": 7,
    "output_tokens": 3,
    "total_tokens": 10,
    "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 1},
}
WEATHER_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}}


def completion(content: str | None = "Hello Ada", **message: Any) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content, **message},
        "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
        "logprobs": None,
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-x-2026",
        "choices": [choice],
        "usage": USAGE,
    }


def response(status: str = "completed", **more: Any) -> dict[str, Any]:
    text = {"type": "output_text", "text": "Hello Ada", "annotations": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "gpt-x-2026",
        "status": status,
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": RESPONSE_USAGE,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "temperature": 1,
        "top_p": 1,
        **more,
    }


def chat_chunks(*, with_usage: bool, with_tools: bool = False) -> list[dict[str, Any]]:
    def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "gpt-x-2026",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
        }

    if with_tools:
        first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}
        parts = [{"index": 0, "function": {"arguments": part}} for part in ('{"city"', ':"Bern"}')]
        deltas = [{"role": "assistant", "tool_calls": [first]}, *({"tool_calls": [part]} for part in parts)]
        chunks = [*map(chunk, deltas), chunk({}, "tool_calls")]
    else:
        deltas = [{"role": "assistant", "content": ""}, {"content": "Hello "}, {"content": "Ada"}]
        chunks = [*map(chunk, deltas), chunk({}, "stop")]
    if with_usage:
        chunks.append({**chunk({}), "choices": [], "usage": USAGE})
    return chunks


def response_events() -> list[dict[str, Any]]:
    common = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
    done = response()
    item = done["output"][0]
    part = item["content"][0]
    events = [
        {"type": "response.created", "response": response("in_progress", output=[], usage=None)},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
        {"type": "response.content_part.added", **common, "part": {**part, "text": ""}},
        {"type": "response.output_text.delta", **common, "delta": "Hello "},
        {"type": "response.output_text.delta", **common, "delta": "Ada"},
        {"type": "response.output_text.done", **common, "text": "Hello Ada"},
        {"type": "response.content_part.done", **common, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": done},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


class FakeOpenAI:
    """Keeps the requests, and answers them as usual unless told otherwise."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.chat_answer: dict[str, Any] = completion()
        self.response_answer: dict[str, Any] = response()
        self.error: tuple[int, dict[str, Any]] | None = None
        self.streams_tools = False
        self.breaks_stream = False
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.fake = self
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def last_body(self) -> dict[str, Any]:
        return self.requests[-1][1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    fake: FakeOpenAI

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of some tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *args: Any) -> None:
        """Keep the test output clean."""

    def do_POST(self) -> None:
        fake = self.server.fake
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        fake.requests.append((self.path, body, {name.lower(): value for name, value in self.headers.items()}))
        if fake.error is not None:
            return self._send(*fake.error)
        if self.path == "/v1/embeddings":
            vector = {"object": "embedding", "index": 0, "embedding": [0.25, 0.5]}
            usage = {"prompt_tokens": 3, "total_tokens": 3}
            return self._send(200, {"object": "list", "model": "embed-x", "data": [vector], "usage": usage})
        if self.path == "/v1/completions":
            choice = {"index": 0, "text": "Hello Ada", "finish_reason": "stop", "logprobs": None}
            return self._send(
                200,
                {
                    "id": "cmpl-1",
                    "object": "text_completion",
                    "created": 1,
                    "model": "gpt-x",
                    "choices": [choice],
                    "usage": USAGE,
                },
            )
        if body.get("stream"):
            return self._stream(body)
        return self._send(200, fake.chat_answer if self.path == "/v1/chat/completions" else fake.response_answer)

    def _send(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, body: dict[str, Any]) -> None:
        fake = self.server.fake
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        is_chat = self.path == "/v1/chat/completions"
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        events = chat_chunks(with_usage=with_usage, with_tools=fake.streams_tools) if is_chat else response_events()
        time.sleep(0.02)
        for number, event in enumerate(events):
            if fake.breaks_stream and number == 2:
                self.wfile.write(b'data: {"error": {"message": "overloaded"}}\n\n')
                break
            name = "" if is_chat else f"event: {event['type']}\n"
            self.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())
            if event.get("type") == "response.created":
                self.wfile.flush()
                time.sleep(0.1)
        if is_chat:
            self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True
