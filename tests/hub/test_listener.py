"""The hub as a server: many connections at once, connections that live on, and an end that leaves nothing."""

from __future__ import annotations

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.architecture.repository import ROOT
from tests.hub.hub import FakeHub
from tests.hub.plugin import hub as hub
from tests.hub.wire import ask, cdn_url, receive

DATA = random.Random(7).randbytes(2_000_000)


def test_one_connection_serves_many_requests(hub: FakeHub) -> None:
    hub.add_repository("acme/tiny", {"a.gguf": DATA, "small.txt": b"small"})
    connection = http.client.HTTPConnection(urlsplit(hub.endpoint).netloc)
    connection.connect()
    number = connection.sock.getsockname()
    for method, path in (("HEAD", "a.gguf"), ("GET", "a.gguf"), ("GET", "absent"), ("GET", "small.txt")):
        connection.request(method, f"/acme/tiny/resolve/main/{path}")
        receive(connection)
    assert connection.sock.getsockname() == number
    connection.close()


def test_parts_arrive_side_by_side(hub: FakeHub) -> None:
    hub.add_repository("acme/tiny", {"a.gguf": DATA})
    url, step = cdn_url(hub, "acme/tiny/a.gguf"), 250_000
    hub.rate = 1_000_000
    with ThreadPoolExecutor(8) as pool:
        parts = pool.map(
            lambda start: ask(url, range=f"bytes={start}-{start + step - 1}").body, range(0, len(DATA), step)
        )
        assert b"".join(parts) == DATA
    assert hub.most_at_once() > 4


def test_the_log_tells_what_was_asked_and_sent(hub: FakeHub) -> None:
    hub.add_repository("acme/tiny", {"a.gguf": DATA})
    ask(cdn_url(hub, "acme/tiny/a.gguf"), range="bytes=10-19")
    head, get = hub.log
    assert (head.method, head.port, head.status, head.bytes_sent) == ("HEAD", "hub", 302, 0)
    assert (get.method, get.port, get.status, get.bytes_sent) == ("GET", "cdn", 206, 10)
    assert get.range == "bytes=10-19"
    assert hub.requests("GET", "acme/tiny/a.gguf") == [get]
    assert hub.body_bytes() == 10
    hub.clear()
    assert hub.log == []


@pytest.mark.parametrize("kind", ["stall", "delay", "slow"])
def test_the_end_is_quick_and_leaves_no_thread(kind: str) -> None:
    before = threading.active_count()
    with FakeHub() as hub:
        hub.add_repository("acme/tiny", {"a.gguf": DATA})
        url = urlsplit(cdn_url(hub, "acme/tiny/a.gguf"))
        hub.faults.add(kind, rate=1000)
        idle = socket.create_connection((url.hostname, url.port))
        waiting = socket.create_connection((url.hostname, url.port))
        waiting.sendall(f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(0.1)
        begin = time.monotonic()
    assert time.monotonic() - begin < 2
    assert threading.active_count() == before
    idle.close()
    waiting.close()


@pytest.mark.parametrize("words", [b"\r\n\r\n", b"SSH-2.0-x\r\n", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01"])
def test_what_is_no_request_ends_its_connection_only(hub: FakeHub, words: bytes) -> None:
    parts = urlsplit(hub.endpoint)
    with socket.create_connection((parts.hostname, parts.port), 5) as stranger:
        stranger.sendall(words)
        stranger.shutdown(socket.SHUT_WR)
        assert b" 200 " not in stranger.recv(100)
    assert ask(f"{hub.endpoint}/api/models").json() == []


def test_it_runs_as_a_command(tmp_path: Path) -> None:
    folder = tmp_path / "acme" / "tiny"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.gguf").write_bytes(DATA)
    command = [sys.executable, "-m", "tests.hub", str(tmp_path), "--url-lifetime", "60"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        name, _, endpoint = process.stdout.readline().strip().partition("=")
        model = ask(f"{endpoint}/api/models").json()[0]
        location = ask(f"{endpoint}/acme/tiny/resolve/main/sub/a.gguf").headers["location"]
        body = ask(location).body
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
    assert (name, model["id"], model["tags"], body) == ("HF_ENDPOINT", "acme/tiny", ["gguf"], DATA)
