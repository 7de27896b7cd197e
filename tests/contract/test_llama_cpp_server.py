"""The contract against llama-cpp-python's own server: what it keeps of it, and honest words about the rest.

It is another program than ours, with one place for requests. It tells neither its context, nor what it makes
of a chat, nor which stop string was met, and counts no tokens of a stream. It needs the dependency group
`reference`.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

import workbench_guide
from workbench.backend import Provider
from workbench.errors import InvalidRequest, Unreachable
from workbench.generation import Generation
from workbench.testing import backend_contract, provider_contract
from workbench.testing.answers import events_of, finished, text_of
from workbench.testing.provider_contract import QUESTION

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
BACKENDS = ["remote"]
AGAINST = "llama_cpp.server"
_PATIENCE = 60

test_a_missing_model_is_one_sentence = backend_contract.test_a_missing_model_is_one_sentence
test_a_setting_it_cannot_honour_is_refused = backend_contract.test_a_setting_it_cannot_honour_is_refused
test_loading_can_be_cancelled = backend_contract.test_loading_tells_progress_and_can_be_cancelled
test_a_stop_string_may_never_come = provider_contract.test_a_stop_string_that_never_comes_changes_nothing
test_a_stop_string_ends_the_answer = provider_contract.test_a_stop_string_ends_the_answer_and_never_shows
test_after_closing_it_answers_no_more = provider_contract.test_after_closing_it_answers_no_more
test_at_the_limit_the_reason_is_length = provider_contract.test_at_the_limit_the_reason_is_length
test_closing_the_answer_cancels_it = provider_contract.test_closing_the_answer_cancels_it
test_many_at_once_do_not_mix = provider_contract.test_many_at_once_do_not_mix
test_the_prompt_is_not_guessed = provider_contract.test_the_rendered_prompt_is_what_the_model_gets
test_the_provider_gives_the_text_back = provider_contract.test_the_provider_gives_the_text_back


@pytest.fixture(scope="module")
def reference() -> Iterator[str]:
    """Where llama-cpp-python's server has the bundled model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"host": "127.0.0.1", "port": port, "n_ctx": 512, "model_alias": "guide"}
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(workbench_guide.PATH)]
    command += [text for name, value in options.items() for text in (f"--{name}", str(value))]
    command += ["--interrupt_requests", "False"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _await(f"http://127.0.0.1:{port}/v1/models", server)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()


def _await(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("llama_cpp.server does not start: is the dependency group `reference` installed?")


@pytest.fixture
def model(reference: str) -> str:
    return f"{reference}#guide"


@pytest.fixture
def missing(reference: str, tmp_path: Path) -> str:
    return f"{reference}#missing"


async def test_an_answer_comes_with_a_word_about_its_count(provider: Provider) -> None:
    end = finished(events := await events_of(provider, QUESTION))
    assert text_of(events) and (end.reason, end.stop_sequence) == ("stop", "")
    assert end.usage.completion_tokens > 0 and end.timings.generation_seconds > 0
    assert any("counts no tokens" in notice for notice in end.notices)


async def test_a_raw_text_is_continued_and_tokens_are_refused_in_a_sentence(provider: Provider) -> None:
    text = Generation(prompt="A model is", sampling=QUESTION.sampling, max_tokens=9)
    assert text_of(await events_of(provider, text))
    with pytest.raises(InvalidRequest, match="prompt") as refused:
        await events_of(provider, replace(text, prompt=(5, 6, 7)))
    assert refused.value.remedy


async def test_a_prompt_that_is_too_long_ends_alone(provider: Provider) -> None:
    """It breaks the connection off instead of saying why."""
    other = asyncio.create_task(events_of(provider, QUESTION))
    with pytest.raises((InvalidRequest, Unreachable)) as refused:
        await events_of(provider, Generation(prompt="word " * 2000))
    assert refused.value.remedy
    assert finished(await other).reason == "stop"
