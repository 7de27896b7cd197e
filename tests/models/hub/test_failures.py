"""Whatever goes wrong between us and the hub is one sentence, soon, with what to do about it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from huggingface_hub import close_session

from tests.hub import FakeHub
from tests.models.hub.claimant import claimant
from workbench.errors import AccessDenied, InvalidRequest, ModelNotFound, Unreachable, WorkbenchError
from workbench.models.hub import client, questions
from workbench.models.hub.refusals import seconds_to_wait
from workbench.models.hub.repository import repository
from workbench.models.hub.search import search

FILES = {"tiny-Q4_K_M.gguf": b"G" * 5000}


def refused(id: str = "acme/tiny-GGUF", revision: str = "main") -> WorkbenchError:
    with pytest.raises(WorkbenchError) as caught:
        repository(id, revision)
    error = caught.value
    assert error.message.endswith(".") and error.remedy and "\n" not in str(error)
    return error


@pytest.fixture
def published(hub: FakeHub) -> FakeHub:
    hub.add_repository("acme/tiny-GGUF", FILES)
    return hub


def test_a_missing_repository_may_be_a_private_one(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add_repository("acme/hidden", FILES, private=True)
    for id in ("acme/none", "acme/hidden"):
        error = refused(id)
        assert isinstance(error, ModelNotFound)
        assert id in error.message and "private" in error.message and "HF_TOKEN" in error.remedy
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    assert "this token" in refused("acme/hidden").remedy


def test_a_missing_revision_is_named(published: FakeHub) -> None:
    error = refused(revision="v9")
    assert isinstance(error, ModelNotFound) and "'v9'" in error.message


def test_gated_files_say_where_to_ask(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = hub.add_repository("acme/gated", FILES, gated="manual", allowed_tokens={"hf_allowed"})
    hub.tokens["hf_allowed"] = "bob"
    for token, told in (("", "no token"), ("hf_good", "this token")):
        monkeypatch.setenv("HF_TOKEN", token)
        with pytest.raises(AccessDenied, match=told) as caught:
            questions.file_metadata("acme/gated", commit, "tiny-Q4_K_M.gguf")
        assert f"{hub.endpoint}/acme/gated" in caught.value.remedy
    monkeypatch.setenv("HF_TOKEN", "hf_allowed")
    assert questions.file_metadata("acme/gated", commit, "tiny-Q4_K_M.gguf").size == 5000


def test_a_missing_file_is_named(published: FakeHub) -> None:
    with pytest.raises(ModelNotFound, match=r"nothing\.gguf"):
        questions.file_metadata("acme/tiny-GGUF", "main", "nothing.gguf")


def test_a_token_that_nobody_knows_does_not_hide_what_is_public(
    published: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    assert repository("acme/tiny-GGUF").files
    assert client.token_was_refused() and "authorization" not in client.headers()
    asked = len(published.log)
    assert repository("acme/tiny-GGUF").files
    assert len(published.log) == asked + 1, "the token is not tried again"
    error = refused("acme/none")
    assert isinstance(error, AccessDenied) and "does not know this token" in error.message
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    assert client.headers()["authorization"] == "Bearer hf_good"


@pytest.mark.parametrize("token", ["hf_ü", "hf_a\x1bb"])
def test_what_can_be_no_token_is_not_sent(
    token: str, published: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    error = refused()
    assert isinstance(error, AccessDenied) and token not in str(error)
    assert published.log == []


def test_offline_asks_nothing(published: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    error = refused()
    assert isinstance(error, Unreachable) and "HF_HUB_OFFLINE" in error.message
    assert published.log == []


def test_a_refused_connection_is_told_soon(published: FakeHub) -> None:
    published.close_port("hub")
    started = time.monotonic()
    error = refused()
    assert time.monotonic() - started < 3
    assert isinstance(error, Unreachable) and "refuses the connection" in error.message


def test_an_unknown_server_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.invalid")
    error = refused()
    assert isinstance(error, Unreachable) and "hub.invalid" in error.message


def test_a_server_without_tls_is_told(published: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", published.endpoint.replace("http:", "https:"))
    error = refused()
    assert isinstance(error, Unreachable) and "cannot prove who it is" in error.message


def test_a_silent_server_is_told(published: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "_READ_SECONDS", 0.2)
    published.faults.add("delay", times=-1, seconds=5)
    error = refused()
    assert isinstance(error, Unreachable) and "in time" in error.message


@pytest.mark.parametrize("endpoint", ["ftp://hub", "hf-mirror.com", "http://", "http://x:y", "http://a\x1bb"])
def test_an_endpoint_that_is_none_is_told(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    error = refused()
    assert isinstance(error, InvalidRequest) and "https://huggingface.co" in error.remedy


@pytest.mark.parametrize("kind", ["refuse", "drop"])
def test_one_broken_answer_is_asked_for_again(kind: str, published: FakeHub) -> None:
    published.faults.add(kind)
    assert repository("acme/tiny-GGUF").files


def test_a_failing_hub_is_asked_again_and_then_told(published: FakeHub) -> None:
    fault = published.faults.add("status", status=503, times=2)
    assert repository("acme/tiny-GGUF").files
    assert fault.hits == 2
    published.faults.add("status", status=502, times=-1)
    started = time.monotonic()
    error = refused()
    assert time.monotonic() - started < 3
    assert isinstance(error, Unreachable) and "(502)" in error.message


@pytest.mark.parametrize("form", ["seconds", "date", "ratelimit"])
def test_too_many_requests_say_when_to_come_back(form: str, published: FakeHub) -> None:
    published.faults.add("too_many", seconds=90, form=form, times=-1)
    error = refused()
    assert isinstance(error, Unreachable) and "too many requests" in error.message
    assert any(f"in {seconds} seconds" in error.remedy for seconds in range(88, 93))
    assert len(published.log) == 1


def test_a_short_wait_is_waited(published: FakeHub) -> None:
    published.faults.add("too_many", seconds=1, form="seconds")
    assert repository("acme/tiny-GGUF").files


def test_a_captive_portal_is_no_hub(published: FakeHub) -> None:
    published.faults.add("html", times=-1)
    for ask in (lambda: repository("acme/tiny-GGUF"), lambda: search("tiny")):
        with pytest.raises(Unreachable, match="web page") as caught:
            ask()
        assert "log-in" in caught.value.remedy


@pytest.fixture
def anew() -> Iterator[None]:
    """The client reads the proxies when it is made."""
    close_session()
    yield
    close_session()


def test_a_proxy_is_used(anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with claimant() as proxy:
        proxy.answer([{"id": "acme/tiny-GGUF"}])
        monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        assert len(search("tiny").results) == 1
        assert proxy.asked[0].startswith("GET http://hub.invalid/api/models?search=tiny")


def test_a_proxy_that_cannot_be_is_told(anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://proxy")
    assert "proxy variables" in refused().remedy


def test_redirects_in_circles_are_told(published: FakeHub) -> None:
    published.faults.add("loop", times=-1)
    assert isinstance(refused(), Unreachable)


def test_a_disabled_repository_is_told(hub: FakeHub) -> None:
    hub.add_repository("acme/bad", FILES, disabled=True)
    error = refused("acme/bad")
    assert isinstance(error, AccessDenied) and "disabled" in error.message


@pytest.mark.parametrize("said", ["", "soon", "-5", "9" * 400, "Wed, 99 Foo 2026 00:00:00 GMT", "¹"])
def test_a_wait_that_cannot_be_read_is_none_or_bounded(said: str) -> None:
    wait = seconds_to_wait({"retry-after": said})
    assert wait is None or 0 <= wait <= 10**9


def test_a_wait_until_a_date_is_in_seconds() -> None:
    later = datetime.now(UTC) + timedelta(seconds=30)
    wait = seconds_to_wait({"retry-after": format_datetime(later, usegmt=True)})
    assert wait is not None and 28 <= wait <= 31


def test_no_telemetry_even_where_the_library_was_loaded_before(
    published: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.setattr(constants, "ENDPOINT", published.endpoint)
    commit = repository("acme/tiny-GGUF").commit
    questions.file_metadata("acme/tiny-GGUF", commit, "tiny-Q4_K_M.gguf")
    assert {record.path for record in published.log} <= {
        "/api/models/acme/tiny-GGUF/revision/main",
        f"/acme/tiny-GGUF/resolve/{commit}/tiny-Q4_K_M.gguf",
    }
