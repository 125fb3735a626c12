import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from core.errors import ConfigError, EmbeddingError
from core.text.embedders import BundledEmbedder, HashingEmbedder, OpenAIEmbedder, embedder_named

TEXTS = ["aspirin", "a drug", ""]


class EmbeddingServer(ThreadingHTTPServer):
    """Speak /v1/embeddings on this machine: the vector of a text is (its length + 1, 1)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict] = []
        self.failures = 0  #: how many requests get a 500 first
        self.change = lambda data: data  #: what to do to an honest answer


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.requests.append({**request, "path": self.path, "key": self.headers["Authorization"]})
        if len(server.requests) <= server.failures:
            return self._answer(500, {"error": {"message": "out of order"}})
        data = [{"object": "embedding", "index": i, "embedding": [len(t) + 1, 1]} for i, t in enumerate(request["input"])]
        return self._answer(200, {"object": "list", "model": "m", "data": server.change(data)})

    def _answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        headers = {"Content-Type": "application/json", "Content-Length": len(body), "retry-after-ms": 1, "Connection": "close"}
        for name, text in headers.items():
            self.send_header(name, str(text))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    server = EmbeddingServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-the-test")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def unit(texts):
    vectors = np.array([[len(text) + 1, 1] for text in texts], dtype=float)
    return vectors / np.sqrt((vectors**2).sum(1, keepdims=True))


def test_the_server_gets_model_texts_and_key_and_gives_unit_vectors(server):
    np.testing.assert_allclose(OpenAIEmbedder("small").encode(TEXTS), unit(TEXTS), rtol=1e-6)
    (request,) = server.requests
    assert (request["model"], request["input"]) == ("small", TEXTS)
    assert (request["path"], request["key"]) == ("/v1/embeddings", "Bearer key-of-the-test")


def test_shuffled_answers_are_put_in_order(server):
    server.change = lambda data: data[::-1]
    np.testing.assert_allclose(OpenAIEmbedder("small").encode(TEXTS), unit(TEXTS), rtol=1e-6)


def test_many_texts_go_in_batches_and_come_back_in_order(server, monkeypatch):
    monkeypatch.setattr(OpenAIEmbedder, "batch_size", 2)
    seen = []
    vectors = OpenAIEmbedder("small").encode(TEXTS, progress=lambda *state: seen.append(state))
    np.testing.assert_allclose(vectors, unit(TEXTS), rtol=1e-6)
    assert [request["input"] for request in server.requests] == [TEXTS[:2], TEXTS[2:]]
    assert seen == [(2, 3), (3, 3)]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[1:],
        lambda data: [*data, data[0]],
        lambda data: [{**item, "index": 0} for item in data],
        lambda data: [{**item, "embedding": item["embedding"][item["index"] :]} for item in data],
        lambda data: [],
        lambda data: [{**item, "index": None} for item in data],
    ],
    ids=["one missing", "one too many", "one index for all", "unequal lengths", "none", "no index"],
)
def test_a_wrong_answer_is_refused(server, change):
    server.change = change
    with pytest.raises(EmbeddingError):
        OpenAIEmbedder("small").encode(TEXTS)


@pytest.mark.parametrize("vector", [None, ["a", "b"]], ids=["null", "words"])
def test_an_answer_without_numbers_is_refused(server, vector):
    server.change = lambda data: [{**item, "embedding": vector} for item in data]
    with pytest.raises(EmbeddingError):
        OpenAIEmbedder("small").encode(TEXTS)


def test_a_server_that_fails_twice_is_asked_again(server):
    server.failures = 2
    np.testing.assert_allclose(OpenAIEmbedder("small").encode(TEXTS), unit(TEXTS), rtol=1e-6)
    assert len(server.requests) == 3


def test_a_server_that_always_fails_is_given_up(server):
    server.failures = 99
    with pytest.raises(EmbeddingError, match="out of order"):
        OpenAIEmbedder("small").encode(TEXTS)
    assert len(server.requests) == 6  # the first and five more


def test_a_missing_key_is_told(server, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(EmbeddingError, match="OPENAI_API_KEY"):
        OpenAIEmbedder("small").encode(TEXTS)
    assert server.requests == []


def test_another_server_is_another_encoder(server, monkeypatch):
    here = OpenAIEmbedder("small").name
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert OpenAIEmbedder("small").name != here


@pytest.mark.parametrize(
    ("name", "kind"),
    [("bundled", BundledEmbedder), ("openai:text-embedding-3-small", OpenAIEmbedder), ("hashing:8", HashingEmbedder)],
)
def test_encoders_have_names(name, kind):
    assert isinstance(embedder_named(name), kind)


@pytest.mark.parametrize("name", ["", "openai", "openai:", "hashing:", "hashing:0", "hashing:-3", "hashing:x", "Bundled"])
def test_an_unknown_encoder_is_refused_with_the_choices(name):
    with pytest.raises(ConfigError, match="bundled, openai:MODEL"):
        embedder_named(name)


def test_the_hashing_encoder_gives_equal_texts_equal_unit_vectors():
    vectors = HashingEmbedder(16).encode(["A b", "a B", "b", ""])
    np.testing.assert_array_equal(vectors[0], vectors[1])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
    assert abs(vectors[0] @ vectors[2]) < 0.999
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[3] - 1  # finite


@pytest.mark.slow
def test_the_bundled_encoder_knows_that_alzheimers_is_a_dementia():
    vectors = BundledEmbedder().encode(["Alzheimer's disease", "dementia", "fracture"])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    alzheimer, dementia, fracture = vectors
    assert alzheimer @ dementia > 0.5 > alzheimer @ fracture
