"""MLC's folders and its server, against a double with every peculiarity: the engine itself needs a GPU."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.contract.answers import ask, events_of, text_of
from workbench import registry
from workbench.answer import collected_calls
from workbench.backend import Provider
from workbench.constraint import Constraint
from workbench.conversation import Conversation, Tool, ToolCall
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineUnavailable, InvalidModel, InvalidRequest, Unsupported
from workbench.events import Finished, ToolCallDelta, Usage
from workbench.generation import Generation
from workbench.runtime import open_model
from workbench_mlc import MlcBackend
from workbench_mlc.config import read_config

DOUBLE = Path(__file__).with_name("double.py")
CONFIG = {
    "model_type": "qwen2",
    "quantization": "q4f16_1",
    "context_window_size": 32768,
    "sliding_window_size": -1,
    "prefill_chunk_size": 2048,
    "vocab_size": 151936,
    "model_config": {
        "hidden_size": 896,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Qwen2-0.5B-q4f16_1-MLC"
    made.mkdir()
    (made / "mlc-chat-config.json").write_text(json.dumps(CONFIG))
    (made / "params_shard_0.bin").write_bytes(bytes(1000))
    return made


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "mlc_llm"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {DOUBLE} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


@pytest_asyncio.fixture
async def provider(folder: Path, installed: None) -> AsyncIterator[Provider]:
    opened = await open_model(str(folder), EngineSettings(parallel=2, context_length=4096))
    yield opened
    await opened.close()


async def test_it_answers_and_counts(provider: Provider) -> None:
    events = await events_of(provider, Generation(prompt=ask("Hello?")))
    assert text_of(events) == "Hello there"
    assert isinstance(events[-1], Finished)
    assert (events[-1].usage, events[-1].notices) == (Usage(5, 0, 2), ())


async def test_settings_become_its_command_line(provider: Provider) -> None:
    said = text_of(await events_of(provider, Generation(prompt=ask("arguments"))))
    assert "max_num_sequence=2;max_total_seq_length=8192;context_window_size=4096" in said
    assert "--device auto" in said and "--host 127.0.0.1" in said
    facts = provider.facts
    assert (facts.architecture, facts.context_length, facts.parallel) == ("qwen2", 4096, 2)
    assert "predicts" in facts.notices[0]


async def test_a_schema_is_told_as_it_wants_it(provider: Provider) -> None:
    asked = Generation(prompt=ask("a?"), constraint=Constraint("json_schema", '{"type": "object"}'))
    assert text_of(await events_of(provider, asked)) == '{"a": 1}'
    wrong = Generation(prompt=ask("a?"), constraint=Constraint("json_schema", '{"type": "strange"}'))
    with pytest.raises(InvalidRequest, match="schema is not valid"):
        await events_of(provider, wrong)
    with pytest.raises(Unsupported):
        await events_of(provider, Generation(prompt=ask("a?"), constraint=Constraint("regex", "a")))


async def test_arguments_that_are_an_object_become_text(provider: Provider) -> None:
    conversation = Conversation(ask("Look.").messages, (Tool(name="look"),))
    events = await events_of(provider, Generation(prompt=conversation))
    made = collected_calls(event for event in events if isinstance(event, ToolCallDelta))
    assert made == (ToolCall("call_1", "look", '{"word": "GGUF"}'),)


async def test_it_is_refused_where_it_is_not_installed(folder: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"mlc.ai/wheels"):
        await open_model(str(folder), EngineSettings())


def test_only_its_own_index_is_named() -> None:
    for api in ("cpu", "cuda", "rocm", "metal"):
        assert "--no-index" in MlcBackend().install_command(api)


async def test_what_it_cannot_honour_is_refused(folder: Path, installed: None) -> None:
    for settings, error in (
        (EngineSettings(devices=("tpu",)), InvalidRequest),
        (EngineSettings(kv_type_k="q8_0"), Unsupported),
    ):
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
