"""Too much, too deep, too slow and too many: each is refused in time, with an error like any other."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
import trustme

from tests.server.loopback import chat, error_of, exchange, http, serving
from tests.server.recital import Recital
from workbench.errors import InvalidRequest
from workbench.server import ModelPool, create_app, serve
from workbench.server.access.http_protocol import PatientProtocol
from workbench.server.access.limits import Limits
from workbench.server.access.nesting import is_nested_deeper
from workbench.server.access.tls import Tls
from workbench.server.request_log import Logging

CHAT = "/v1/chat/completions"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("text", "limit", "deeper"),
    [
        (b"[[[]]]", 3, False),
        (b"[[[[]]]]", 3, True),
        (b'{"a": [{"b": "[[[[{{{{"}]}', 3, False),
        (b'["\\"[[[[", "\\\\", [[]]]', 3, False),
        (b'["\\\\", [[[[]]]]]', 3, True),
        (b"[],[],[],[],[],[]", 3, False),
        (b'"' + b'\\"' * 100_000 + b"[[[[", 3, False),
        (b"[" * 100_000, 3, False),
        (b"[" * 100_000 + b"]" * 100_000, 128, True),
        (b"[" + b"[]," * 1_000_000 + b"[]]", 128, False),
    ],
)
def test_depth_is_counted_outside_of_texts(text: bytes, limit: int, deeper: bool) -> None:
    assert is_nested_deeper(text, limit) is deeper


async def test_what_is_nested_too_deeply_is_refused() -> None:
    body = json.dumps(chat("a")).encode()
    async with serving(create_app(ModelPool({"guide": Recital()}), limits=Limits(nesting=8))) as url:
        deep = body[:-1] + b', "metadata": ' + b'{"a":' * 50 + b"1" + b"}" * 51
        status, _, answer = await exchange(url, http("POST", CHAT, deep))
        assert status == 400 and "nested more than 8 deep" in error_of(answer)["message"]
        endless = body[:-1] + b', "metadata": ' + b"[" * 100_000
        status, _, answer = await exchange(url, http("POST", CHAT, endless))
        assert status == 400 and error_of(answer)["type"] == "invalid_request_error"
        assert (await exchange(url, http("POST", CHAT, body)))[0] == 200


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    limits = Limits(pause_seconds=0.1)
    async with serving(create_app(ModelPool({"guide": Recital()}), limits=limits)) as url:
        request = http("POST", CHAT, b'{"model"', {"content-length": "100"})
        status, headers, body = await asyncio.wait_for(exchange(url, request), 30)
    assert (status, error_of(body)["code"], headers["connection"]) == (408, "request_timeout", "close")


async def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientProtocol, "head_seconds", 0.1)
    async with serving(create_app(ModelPool({"guide": Recital()}))) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        writer.write(http("GET", "/health", headers={"connection": "keep-alive"}))
        assert (await reader.readuntil(b"}}")).startswith(b"HTTP/1.1 200")
        writer.write(b"GET /health HTTP/1.1\r\nHost: local")
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()


async def test_headers_have_their_limit_and_what_is_no_http_gets_an_error_body() -> None:
    async with serving(create_app(ModelPool({"guide": Recital()}))) as url:
        status, _, body = await exchange(url, http("GET", "/v1/models", headers={"x-long": "a" * 40_000}))
        assert (status, error_of(body)["code"]) == (431, "headers_too_large")
        for request in (http("GET", "/", headers={"x-long": "a" * 200_000}), b"no http at all\r\n\r\n"):
            status, _, body = await exchange(url, request)
            assert (status, error_of(body)["code"]) == (400, "invalid_http")


async def test_beyond_so_many_requests_further_ones_are_turned_away() -> None:
    model = Recital(hold_at=0)
    async with serving(create_app(ModelPool({"guide": model}), limits=Limits(requests=2))) as url:
        request = http("POST", CHAT, json.dumps(chat("a")).encode())
        held = [asyncio.create_task(exchange(url, request)) for _ in range(2)]
        await until(lambda: model.running == 2)
        status, headers, body = await exchange(url, request)
        assert (status, error_of(body)["code"], headers["retry-after"]) == (503, "overloaded", "1")
        assert (await exchange(url, http("GET", "/health")))[0] == 200
        model.released.set()
        assert [answer[0] for answer in await asyncio.gather(*held)] == [200, 200]
        assert (await exchange(url, request))[0] == 200


async def test_a_client_that_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientProtocol, "stall_seconds", 0.2)
    model = Recital()
    async with serving(create_app(ModelPool({"guide": model}))) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]), limit=1)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(http("POST", CHAT, json.dumps(chat("w" * 30_000_000, stream=True)).encode()))
        await until(lambda: model.running > 0)
        await until(lambda: model.running == 0)
        writer.transport.abort()
        del reader


async def test_requests_are_logged_without_their_prompts_unless_asked() -> None:
    lines: list[str] = []
    for prompts in (False, True):
        app = create_app(ModelPool({"guide": Recital()}), logging=Logging(lines.append, prompts))
        async with serving(app) as url:
            _, headers, _ = await exchange(url, http("POST", CHAT, json.dumps(chat("a secret")).encode()))
            await until(lambda: bool(lines))
        line = json.loads(lines[-1])
        assert line["id"] == headers["x-request-id"] and line["status"] == 200 and line["path"] == CHAT
        assert ("a secret" in lines[-1]) is prompts
        lines.clear()


async def test_https_is_served_with_a_certificate(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    address = asyncio.get_running_loop().create_future()
    tls = Tls(tmp_path / "cert.pem", tmp_path / "key.pem")
    server = asyncio.create_task(
        serve(ModelPool({"guide": Recital()}), port=0, tls=tls, ready=address.set_result)
    )
    url = await address
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    async with httpx2.AsyncClient(verify=trust) as client:
        answer = await client.post(f"{url}{CHAT}", json=chat("hello"))
    assert url.startswith("https://") and answer.json()["choices"][0]["message"]["content"] == "hello"
    server.cancel()
    await asyncio.gather(server, return_exceptions=True)


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_certificate_that_cannot_be_used_is_told_before_anything_is_loaded(
    tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "cert.pem").write_text(content)
    with pytest.raises(InvalidRequest, match="cannot be used"):
        await serve(ModelPool({}), port=0, tls=Tls(tmp_path / "cert.pem"))
