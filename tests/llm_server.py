"""A chat server of our own: speaks /v1/chat/completions, /v1/embeddings, /v1/files and /v1/batches, and fails when it is told to.

Plain asyncio streams: fast, and able to break a connection anywhere. ``python -m tests.llm_server --latency 0.5 --slots 64``
serves until it is ended and prints its address.
"""

import argparse
import asyncio
import json
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

KEY = "sk-test-0123456789abcdef"
Reply = tuple[int, dict[str, str], bytes]  #: status, headers, body


@dataclass
class ChatServer:
    """What it does, and what it saw.

    Faults: ``429``, ``429 after SECONDS``, ``500``, ``slow SECONDS``, ``truncated``, ``wrong schema``, ``refusal``, ``empty``,
    ``huge``, ``drop`` (no reply), ``drop late`` (half of it), ``half a character``, ``not json``, ``401``, ``quota``.
    """

    faults: deque[str] = field(default_factory=deque)  #: taken one a chat request, in order
    latency: float = 0.0  #: seconds a chat request
    slots: int | None = None  #: chat requests that are worked on at the same time
    takes_schema: bool = True
    token_parameter: str | None = None  #: the only name of the token limit that it takes
    retry_after: str = ""  #: sent with each 429, whatever the fault says
    batch_lines_lost: int = 0  #: requests of a batch that come back as errors
    speaks_batches: bool = True
    batch_done: bool = True  #: whether a batch is ready when it is asked for
    port: int = 0
    received: Counter[str] = field(default_factory=Counter)  #: chat requests by the entity's name
    answered: Counter[str] = field(default_factory=Counter)  #: those whose whole reply went out
    bodies: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=200))
    paths: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    cut: int = 0  #: replies of which the client did not want the rest
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    _at_once: int = 0
    _slots: asyncio.Semaphore | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def environment(self) -> dict[str, str]:
        return {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": KEY, "LLADR_CHAT_MODEL": "toy-model"}

    async def serve(self, ready: threading.Event, end: asyncio.Event) -> None:
        self._slots = asyncio.Semaphore(self.slots or 10**6)
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await end.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, path, headers = _parsed_head(head)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                if not await self._respond(writer, method, path, headers, body):
                    break
        writer.close()

    async def _respond(self, writer: asyncio.StreamWriter, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
        """Send one reply; False ends the connection."""
        path = path.split("?")[0].removeprefix("/v1")
        self.paths[f"{method} {path}"] += 1
        if path != "/chat/completions":
            return await _send(writer, *self._other(method, path, headers, body))
        request = json.loads(body)
        self.bodies.append(request)
        name = entity_name(request)
        self.received[name] += 1
        async with self._slots:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            try:
                fault = self.faults.popleft() if self.faults else ""
                await asyncio.sleep(float(fault.split()[1]) if fault.startswith("slow") else self.latency)
            finally:
                self._at_once -= 1
        if fault == "drop":
            return False
        status, extra, reply = self._chat(request, fault)
        if fault == "drop late":
            await _send(writer, status, extra, reply, upto=len(reply) // 2)
            return False
        if status == 200:
            self.answered[name] += 1
        try:
            return await _send(writer, status, extra, reply)
        except ConnectionError:
            self.cut += 1
            raise

    def _chat(self, request: dict[str, Any], fault: str) -> Reply:
        if fault.startswith("429"):
            after = self.retry_after or (fault.split()[-1] if " " in fault else "")
            return _error(429, "too many requests", {"retry-after": after} if after else {})
        if fault == "quota":
            return _error(429, "insufficient_quota: you exceeded your current quota")
        if fault in ("401", "500"):
            return _error(int(fault), f"status {fault}, Incorrect API key provided: {KEY}")
        if fault == "not json":
            return 200, {}, b"<html>a proxy says hello</html>"
        if not self.takes_schema and request.get("response_format", {}).get("type") == "json_schema":
            return _error(400, "response_format of type json_schema is not supported")
        if self.token_parameter and self.token_parameter not in request:
            return _error(400, f"Unsupported parameter: use '{self.token_parameter}' instead")
        return 200, {}, json.dumps(completion(request, fault)).encode()

    def _other(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if path == "/embeddings":
            texts = json.loads(body)["input"]
            data = [{"index": i, "object": "embedding", "embedding": [float(len(t)), 1.0]} for i, t in enumerate(texts)]
            return _ok({"object": "list", "data": data, "model": "toy", "usage": {"prompt_tokens": 1, "total_tokens": 1}})
        if not self.speaks_batches:
            return _error(404, f"no such path {path}")
        if path == "/files" and method == "POST":
            return self._add_file(_form_file(headers["content-type"], body))
        if match := re.fullmatch(r"/files/([\w-]+)/content", path):
            return 200, {"content-type": "application/octet-stream"}, self.files[match[1]]
        if path == "/batches" and method == "POST":
            return self._add_batch(json.loads(body))
        if path == "/batches":
            return _ok({"object": "list", "data": list(self.batches.values()), "has_more": False})
        if match := re.fullmatch(r"/batches/([\w-]+)", path):
            return self._batch(match[1])
        return _error(404, f"no such path {path}")

    def _add_file(self, content: bytes) -> Reply:
        number = f"file-{len(self.files)}"
        self.files[number] = content
        described = {"id": number, "object": "file", "bytes": len(content), "created_at": int(time.time()), "filename": "x"}
        return _ok(described | {"purpose": "batch", "status": "processed"})

    def _add_batch(self, wish: dict[str, Any]) -> Reply:
        number = f"batch_{len(self.batches)}"
        self.batches[number] = wish | {"id": number, "object": "batch", "status": "in_progress", "created_at": int(time.time())}
        return _ok(self.batches[number])

    def _batch(self, number: str) -> Reply:
        batch = self.batches[number]
        if self.batch_done and batch["status"] == "in_progress":
            self._work_on(batch)
        return _ok(batch)

    def _work_on(self, batch: dict[str, Any]) -> None:
        done, failed = [], []
        for line in self.files[batch["input_file_id"]].decode().splitlines():
            request = json.loads(line)
            name = entity_name(request["body"])
            self.received[name] += 1
            if len(failed) < self.batch_lines_lost:
                failed.append({"custom_id": request["custom_id"], "response": None, "error": {"message": "lost"}})
                continue
            self.answered[name] += 1
            response = {"status_code": 200, "body": completion(request["body"], "")}
            done.append({"custom_id": request["custom_id"], "response": response, "error": None})
        for kind, lines in (("output_file_id", done), ("error_file_id", failed)):
            number = f"file-{len(self.files)}"
            self.files[number] = "".join(json.dumps(line) + "\n" for line in lines).encode()
            batch[kind] = number if lines else None
        counts = {"total": len(done) + len(failed), "completed": len(done), "failed": len(failed)}
        batch |= {"status": "completed", "request_counts": counts}


def completion(request: dict[str, Any], fault: str) -> dict[str, Any]:
    """Describe the entity of a request, or say something unusable."""
    name = entity_name(request)
    message: dict[str, Any] = {"role": "assistant", "content": _content(request, name)}
    finish = "stop"
    if fault == "truncated":
        message["content"], finish = message["content"][: len(message["content"]) // 2], "length"
    elif fault == "wrong schema":
        message["content"] = json.dumps({"background": ["a list"], "targets": "ACHE"})
    elif fault == "refusal":
        message |= {"content": None, "refusal": "I cannot help with that."}
    elif fault == "empty":
        message["content"] = ""
    elif fault == "half a character":
        message["content"] = message["content"].replace("background of", "\ud800")
    elif fault == "huge":
        message["content"] = "x" * 10_000_000
    choice = {"index": 0, "message": message, "finish_reason": finish}
    usage = {"prompt_tokens": len(json.dumps(request["messages"])) // 4, "completion_tokens": 50}
    usage["total_tokens"] = sum(usage.values())
    return {"id": "c", "object": "chat.completion", "created": 0, "model": request["model"], "choices": [choice], "usage": usage}


def _content(request: dict[str, Any], name: str) -> str:
    asked = request["messages"][1]["content"]
    if "JSON object" in asked:
        texts = {key: f"{key} of {name}" for key in ("background", "mechanism", "indications", "contraindications")}
        return json.dumps(texts | {"indicated_for": ["prion disease"], "contraindicated_in": [], "targets": ["ACHE"]})
    if "Appearance" in asked:
        return f"Background: what {name} is; Appearance: N/A; Clinical: what {name} is for"
    return f"{name} is something."


def entity_name(request: dict[str, Any]) -> str:
    """Find the entity that a request is about, as the prompt quotes it."""
    asked = request["messages"][1]["content"]
    match = re.search(r"<entity>\n(.*)\n</entity>", asked)
    return json.loads(match[1])["name"] if match else json.loads(asked)


def _parsed_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, path, _ = first.split(" ")
    return method, path, {key.strip().lower(): value.strip() for key, value in (line.split(":", 1) for line in lines)}


def _form_file(content_type: str, body: bytes) -> bytes:
    boundary = b"--" + content_type.split("boundary=")[1].encode()
    part = next(part for part in body.split(boundary) if b'name="file"' in part)
    return part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")


def _ok(value: Any) -> Reply:
    return 200, {}, json.dumps(value).encode()


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Reply:
    return status, headers or {}, json.dumps({"error": {"message": message, "type": "error", "code": None}}).encode()


async def _send(writer: asyncio.StreamWriter, status: int, headers: dict[str, str], body: bytes, upto: int | None = None) -> bool:
    sent = {"content-type": "application/json", "content-length": str(len(body))} | headers
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{key}: {value}\r\n" for key, value in sent.items()) + "\r\n"
    writer.write(head.encode() + body[:upto])
    await writer.drain()
    return True


@contextmanager
def serving(server: ChatServer) -> Iterator[ChatServer]:
    """Serve in a thread of this process."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    end = asyncio.Event()

    async def run() -> None:
        await server.serve(ready, end)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--slots", type=int)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = ChatServer(latency=options.latency, slots=options.slots, port=options.port)
    with serving(server):
        print(server.url, flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main()
