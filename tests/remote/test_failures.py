"""What goes wrong on the way to a server is one sentence and a remedy, and keys stay where they belong."""

from __future__ import annotations

import keyring
import keyring.backend
import pytest

from tests.contract.answers import events_of, text_of
from tests.remote.double import HELLO, Answer, double
from tests.remote.test_quirks import QUESTION, answered, opened
from workbench.errors import (
    AccessDenied,
    InvalidRequest,
    ModelNotFound,
    Unreachable,
    Unsupported,
    WorkbenchError,
)
from workbench.openai_client.address import Address, parse_address
from workbench.openai_client.keys import keep_key

SECRET = "sk-not-to-be-seen"


async def test_nobody_there() -> None:
    with pytest.raises(Unreachable, match=r"127.0.0.1:9.*Start it"):
        await opened("http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    ("models", "error", "words"),
    [
        (Answer(b"<html>Hello</html>"), Unreachable, "no JSON"),
        (Answer({"hello": 1}), Unreachable, "no list"),
        (Answer({"error": "down"}, 503), Unreachable, "down"),
        (Answer({"data": []}), ModelNotFound, "no model"),
        (Answer({"data": [{"id": "a"}, {"id": "b"}]}), ModelNotFound, "a, b"),
    ],
)
async def test_a_server_that_is_none(models: Answer, error: type[WorkbenchError], words: str) -> None:
    async with double(lambda body: Answer(HELLO), models=models) as server:
        with pytest.raises(error, match=words) as caught:
            await opened(server.url)
    assert caught.value.remedy


async def test_a_model_that_is_not_there_is_told_with_those_that_are() -> None:
    async with double(lambda body: Answer(HELLO)) as server:
        with pytest.raises(ModelNotFound, match=r"'other'.*Write one of m"):
            await opened(f"{server.url}#other")
        address = server.url.removesuffix("/v1")
        for written in (address, f"{address}/", f"{server.url}/chat/completions", f"{server.url}#m"):
            await (await opened(written)).close()


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Answer({"error": {"message": "model 'm' is not loaded"}}, 404), ModelNotFound, "'m'"),
        (Answer({"error": {"message": "slow down"}}, 429), Unreachable, "slow down"),
        (Answer(b"", 500), Unreachable, "500"),
        (Answer({"error": {"message": "nothing of the kind"}}, 501), Unsupported, "nothing of the kind"),
        (Answer(HELLO[:3]), Unreachable, "before it was whole"),
        (Answer(HELLO, cut=True), None, ""),
        (Answer(HELLO[:3], cut=True), Unreachable, "before it was whole"),
        (Answer([]), Unreachable, "before it said anything"),
        (Answer([b"data: {'oops'}\n\n"]), Unreachable, "none"),
        (Answer([{"error": {"message": "out of memory"}}]), Unreachable, "out of memory"),
        (Answer([*HELLO[:2], {"error": {"message": "out of memory"}}]), Unreachable, "out of memory"),
        (Answer({"error": {"message": "x" * 5000}}, 400), InvalidRequest, "x…"),
        (Answer({"error": {"message": "1 validation error: stop"}}, 500), InvalidRequest, "stop"),
    ],
)
async def test_an_answer_that_fails(answer: Answer, error: type[WorkbenchError] | None, words: str) -> None:
    if error is None:
        assert text_of(await answered(answer)) == "Hello"
        return
    with pytest.raises(error, match=words) as caught:
        await answered(answer)
    assert len(str(caught.value)) < 700


async def test_the_key_of_the_environment_is_sent_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    async with double(lambda body: Answer(HELLO), key=SECRET) as server:
        with pytest.raises(AccessDenied, match="WORKBENCH_KEY_127_0_0_1") as caught:
            await opened(server.url)
        monkeypatch.setenv("OPENAI_API_KEY", SECRET)
        with pytest.raises(AccessDenied):
            await opened(server.url)
        monkeypatch.setenv("WORKBENCH_KEY_127_0_0_1", SECRET)
        provider = await opened(server.url)
        assert text_of(await events_of(provider, QUESTION)) == "Hello"
        await provider.close()
    assert SECRET not in str(caught.value) + caplog.text + repr(vars(provider))


class Kept(keyring.backend.KeyringBackend):
    """A keyring in memory that counts how often it is opened."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, str] = {}
        self.opened = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.opened += 1
        return self.held.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[username]


async def test_the_keyring_is_opened_only_for_a_server_that_wants_a_key() -> None:
    before, kept = keyring.get_keyring(), Kept()
    keyring.set_keyring(kept)
    try:
        async with double(lambda body: Answer(HELLO)) as server:
            await (await opened(server.url)).close()
            assert not kept.opened
            server.key = SECRET
            keep_key(server.url, SECRET)
            provider = await opened(server.url)
            assert text_of(await events_of(provider, QUESTION)) == "Hello"
            await provider.close()
            keep_key(server.url, "")
            assert not kept.held
    finally:
        keyring.set_keyring(before)


def test_an_address_is_read_and_holds_no_password() -> None:
    assert parse_address("http://a:1/v1/,https://b/x#org/name:tag") == Address(
        ("http://a:1/v1", "https://b/x"), "org/name:tag"
    )
    for wrong in ("http://", "http://:80/v1", "http://a:99999/v1", "http://a/v1?x=1"):
        with pytest.raises(InvalidRequest):
            parse_address(wrong)
    with pytest.raises(InvalidRequest, match="password") as caught:
        parse_address(f"http://me:{SECRET}@a/v1")
    assert SECRET not in str(caught.value)
