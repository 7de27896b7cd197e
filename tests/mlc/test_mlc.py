"""MLC's folders, engine and server, on doubles with every peculiarity: the engine itself needs a GPU."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio

from tests.contract.answers import ask, events_of, text_of
from tests.contract.own_process import checks_passed
from tests.mlc.double import TEXT
from tests.mlc.ways import PACKAGE, program_path, write_folder
from workbench import registry
from workbench.answer import collected_calls
from workbench.backend import Provider
from workbench.constraint import Constraint
from workbench.conversation import Conversation, Message, Tool, ToolCall
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineUnavailable, InvalidModel, InvalidRequest, Unsupported
from workbench.events import Finished, TextDelta, ToolCallDelta
from workbench.generation import Generation, ToolUse
from workbench.runtime import open_model
from workbench.sampling import SamplingSettings
from workbench_mlc import MlcBackend
from workbench_mlc.config import read_config

Way = Literal["server", "package"]
LOOK = Conversation(ask("Look.").messages, (Tool(name="look"),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "Qwen2-0.5B-q4f16_1-MLC")


@pytest.fixture(params=["server", "package"])
def way(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """How MLC is installed: as a program elsewhere, or where it can be imported."""
    if request.param == "server":
        monkeypatch.setenv("PATH", program_path(tmp_path))
    else:
        monkeypatch.syspath_prepend(str(PACKAGE))
    yield request.param
    for name in [name for name in sys.modules if name.startswith(("mlc_llm", "workbench_mlc.in_process"))]:
        del sys.modules[name]


@pytest_asyncio.fixture
async def provider(folder: Path, way: Way) -> AsyncIterator[Provider]:
    opened = await open_model(str(folder), EngineSettings(parallel=2, context_length=4096))
    yield opened
    await opened.close()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "least"), [("server", 21), ("package", 20)])
def test_it_keeps_the_contract(kind: Way, least: int, folder: Path, tmp_path: Path) -> None:
    """In this process there is no process of its own to be killed."""
    if kind == "server":
        there, unless = {"PATH": program_path(tmp_path)}, ""
    else:
        there, unless = {"PYTHONPATH": ":".join([str(PACKAGE), *sys.path])}, "killed"
    parts = ("backend", "provider", "constraints")
    assert checks_passed("mlc", folder, tmp_path, there, parts, unless=unless) >= least


async def test_it_answers_and_counts(provider: Provider) -> None:
    events = await events_of(provider, Generation(prompt=ask("Hello?")))
    assert text_of(events) == TEXT
    end = events[-1]
    assert isinstance(end, Finished) and end.notices == ()
    assert end.usage.prompt_tokens > 0 and end.usage.completion_tokens == -(-len(TEXT) // 3)


async def test_settings_reach_it(provider: Provider, way: Way) -> None:
    if way == "server":
        said = text_of(await events_of(provider, Generation(prompt=ask("arguments"))))
        assert "max_num_sequence=2;max_total_seq_length=8192;context_window_size=4096" in said
        assert "--device auto" in said and "--host 127.0.0.1" in said
    else:
        engine = sys.modules["mlc_llm"].opened[-1]
        assert (engine.device, engine.mode, engine.config.max_num_sequence) == ("auto", "server", 2)
        lengths = engine.config.max_total_sequence_length, engine.config.max_single_sequence_length
        assert lengths == (8192, 4096)
    facts = provider.facts
    assert (facts.architecture, facts.context_length, facts.parallel) == ("qwen2", 4096, 2)
    assert "predicts" in facts.notices[0]


async def test_what_it_would_pass_over_is_told(provider: Provider) -> None:
    """The double fails where anything is sent that MLC does not know."""
    bent = SamplingSettings(top_k=7, repeat_penalty=1.1)
    end = (await events_of(provider, Generation(prompt=ask("Hello?"), sampling=bent, ignore_end=True)))[-1]
    assert isinstance(end, Finished)
    assert all(name in end.notices[0] for name in ("top_k", "repetition_penalty", "ignore_eos"))


async def test_a_plain_text_is_continued(provider: Provider) -> None:
    events = await events_of(provider, Generation(prompt="Once", max_tokens=4, stop=("window",)))
    assert text_of(events) == TEXT[:12]
    assert isinstance(events[-1], Finished) and events[-1].reason == "length"


async def test_a_schema_is_told_as_it_wants_it(provider: Provider) -> None:
    def asked(text: str) -> Generation:
        return Generation(prompt=ask("a?"), constraint=Constraint("json_schema", text))

    assert text_of(await events_of(provider, asked('{"type": "object"}'))) == '{"a": 1}'
    for text in ('{"type": "strange"}', "{", "[]"):
        with pytest.raises(InvalidRequest):
            await events_of(provider, asked(text))
    with pytest.raises(Unsupported):
        await events_of(provider, Generation(prompt=ask("a?"), constraint=Constraint("regex", "a")))


async def test_arguments_that_are_an_object_become_text(provider: Provider) -> None:
    events = await events_of(provider, Generation(prompt=LOOK))
    made = collected_calls(event for event in events if isinstance(event, ToolCallDelta))
    assert made == (ToolCall("call_1", "look", '{"word": "GGUF"}'),)


async def test_log_probabilities_come_with_the_text(provider: Provider) -> None:
    events = await events_of(provider, Generation(prompt=ask("Hello?"), logprobs=1, max_tokens=2))
    told = [one for event in events if isinstance(event, TextDelta) for one in event.logprobs]
    assert [one.chosen.token for one in told] == [b"I r", b"eci"]
    assert all(one.top == (one.chosen,) for one in told)


@pytest.mark.parametrize(
    ("generation", "said"),
    [
        (Generation(prompt=ask("x"), logprobs=21), "20 alternatives"),
        (Generation(prompt="x", logprobs=6), "5 alternatives"),
        (Generation(prompt=(151936,)), "vocabulary of 151936"),
        (Generation(prompt=ask("x"), continues=True), "does not go on"),
        (Generation(prompt=Conversation((Message("user", "x"), Message("system", "y")))), "System prompt"),
        (Generation(prompt=LOOK, tool_use=ToolUse(choice="required")), "'none' or 'auto'"),
    ],
)
async def test_what_it_cannot_do_is_refused(provider: Provider, generation: Generation, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said) as caught:
        await events_of(provider, generation)
    assert caught.value.remedy


async def test_it_is_refused_where_it_is_not_installed(folder: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"mlc.ai/wheels"):
        await open_model(str(folder), EngineSettings())


def test_only_its_own_index_is_named() -> None:
    for api in ("cpu", "cuda", "rocm", "metal"):
        assert "--no-index" in MlcBackend().install_command(api)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (EngineSettings(devices=("tpu",)), InvalidRequest),
        (EngineSettings(kv_type_k="q8_0"), Unsupported),
        (EngineSettings(gpu_layers=3), Unsupported),
    ],
)
async def test_what_it_cannot_honour_is_refused(
    folder: Path, way: Way, settings: EngineSettings, error: Any
) -> None:
    with pytest.raises(error):
        await open_model(str(folder), settings)


def test_a_folder_is_known_by_its_config(folder: Path, tmp_path: Path) -> None:
    assert registry.name_for(str(folder)) == "mlc"
    assert not MlcBackend().supports(str(tmp_path))
    (folder / "mlc-chat-config.json").write_text("[")
    with pytest.raises(InvalidModel, match="mlc-chat-config"):
        read_config(folder)


def test_the_memory_is_that_of_the_engine_s_formula(folder: Path) -> None:
    """One request of 4096 tokens, by hand."""
    per_token = 64 * 2 * 24 * 4 + 1.25
    beside = 2 * 88 + 2048 * 15 * 8 + 2048 * 64 * 16 * 4 + (48 << 20)
    work = 2048 * 4 + 4 + (2 * 2048 + 1) * 896 * 2
    logits = 20 + 151936 * 16.125
    expected = int(1000 + beside + work + logits + per_token * 4096)
    assert read_config(folder).memory_bytes(4096, 1) == expected
