"""Prompts on the disk: found again by the next engine, bounded, private, and never believed when damaged."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

import workbench_guide
from tests.contract.answers import GREEDY, Answer, events_of, finished, run_all
from tests.llama_cpp import tiny_models
from tests.llama_cpp.conftest import Open
from workbench.backend import TokenRequest
from workbench.engine_settings import EngineSettings
from workbench.generation import Generation
from workbench.runtime import open_model
from workbench_llama_cpp.engine import LlamaCppEngine
from workbench_llama_cpp.prompt_cache import WORTH_KEEPING
from workbench_llama_cpp.prompt_files import PromptFiles

PROMPT = tuple(b"a long prompt that is asked again after a restart of the program, word for word. " * 5)
SETTINGS = {"context_length": 1024, "prompt_cache_bytes": 1 << 30, "flash_attention": "on"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_models.llama(tmp_path / "model.gguf", context=2048)


def ask(engine: LlamaCppEngine, prompt: tuple[int, ...] = PROMPT) -> Answer:
    request = TokenRequest(id=1, prompt=prompt, sampling=GREEDY, max_tokens=8, ignore_end=True, logprobs=3)
    engine.enqueue(request)
    return run_all(engine)[1]


def cached(answer: Answer) -> int:
    return answer.ends[0].usage.cached_tokens


def kept(home: Path) -> list[Path]:
    return sorted((home / "cache" / "prompts").rglob("*.prompt"))


def test_the_next_engine_does_not_compute_it_again(model: Path, home: Path, open_tiny: Open) -> None:
    first = ask(open_tiny(model, **SETTINGS))
    (file,) = kept(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    again = ask(open_tiny(model, **SETTINGS))
    assert (cached(first), cached(again)) == (0, len(PROMPT) - 1)
    assert again.tokens[0].logprobs is not None and first.tokens[0].logprobs is not None
    assert again.tokens[0].logprobs.chosen.logprob == pytest.approx(
        first.tokens[0].logprobs.chosen.logprob, abs=0.05
    )


def test_a_prompt_that_begins_alike_takes_the_beginning(model: Path, open_tiny: Open) -> None:
    ask(open_tiny(model, **SETTINGS))
    branch = (*PROMPT[:300], *b"something else")
    assert cached(ask(open_tiny(model, **SETTINGS), branch)) == 300
    assert cached(ask(open_tiny(model, **SETTINGS), PROMPT[100:])) == 0


@pytest.mark.parametrize("kind", ["window", "recurrent"])
def test_a_conversation_goes_on_with_any_kind_of_model(kind: str, tmp_path: Path, open_tiny: Open) -> None:
    make = {"window": tiny_models.gemma3, "recurrent": tiny_models.mamba}[kind]
    path = make(tmp_path / "other.gguf")
    start = ask(open_tiny(path, **SETTINGS))
    follow_up = (*PROMPT, *start.ids, 70, 71)
    expected = ask(open_tiny(path, **SETTINGS | {"prompt_cache_bytes": 0}), follow_up)
    got = ask(open_tiny(path, **SETTINGS), follow_up)
    assert cached(got) >= len(PROMPT)
    assert got.tokens[0].logprobs is not None and expected.tokens[0].logprobs is not None
    assert got.tokens[0].logprobs.chosen.logprob == pytest.approx(
        expected.tokens[0].logprobs.chosen.logprob, abs=0.05
    )


def test_what_is_short_or_known_is_not_written(model: Path, home: Path, open_tiny: Open) -> None:
    engine = open_tiny(model, **SETTINGS)
    ask(engine, PROMPT[: WORTH_KEEPING - 20])
    assert not kept(home)
    ask(engine)
    (file,) = kept(home)
    ask(engine)
    ask(engine, (*PROMPT, *b"and a little more"))
    assert kept(home) == [file]


def test_a_longer_conversation_replaces_the_shorter_one(model: Path, home: Path, open_tiny: Open) -> None:
    engine = open_tiny(model, **SETTINGS)
    answer = ask(engine)
    (file,) = kept(home)
    ask(engine, (*PROMPT, *answer.ids, *PROMPT[:300]))
    (other,) = kept(home)
    assert other != file


@pytest.mark.parametrize("damage", ["a byte", "the end", "everything", "the start"])
def test_what_is_damaged_is_removed_and_computed_anew(
    damage: str, model: Path, home: Path, open_tiny: Open
) -> None:
    expected = ask(open_tiny(model, **SETTINGS))
    (file,) = kept(home)
    data = bytearray(file.read_bytes())
    if damage == "a byte":
        data[len(data) // 2] ^= 1
    file.write_bytes(
        {"the end": data[:-1], "everything": b"", "the start": b"x" * 400}.get(damage, bytes(data))
    )
    engine = open_tiny(model, **SETTINGS)
    again = ask(engine)
    assert cached(again) == 0 and again.ids == expected.ids
    assert file not in kept(home) and len(kept(home)) == 1


def test_another_model_or_another_setting_finds_nothing(model: Path, tmp_path: Path, open_tiny: Open) -> None:
    ask(open_tiny(model, **SETTINGS))
    other = tiny_models.llama(tmp_path / "other.gguf", context=2048, head_size=32)
    assert cached(ask(open_tiny(other, **SETTINGS))) == 0
    assert cached(ask(open_tiny(model, **SETTINGS | {"kv_type_k": "bf16"}))) == 0
    os.utime(model, (1, 1))
    assert cached(ask(open_tiny(model, **SETTINGS))) == 0


def test_the_disk_is_bounded_and_what_was_used_longest_ago_goes(tmp_path: Path) -> None:
    ours, others = PromptFiles(tmp_path, "one", 40_000), PromptFiles(tmp_path, "two", 40_000)

    def keep(files: PromptFiles, start: int) -> Path:
        for _ in files.write(np.arange(start, start + 300, dtype=np.int32), np.ones(10_000, np.uint8)):
            pass
        os.utime(files.files[-1].path, (start, start))
        return files.files[-1].path

    paths = [keep(ours, 1000), keep(others, 2000), keep(ours, 3000)]
    assert ours.state(ours.files[0]) is not None, "which counts as a use"
    keep(others, 4000)
    assert [path.exists() for path in paths] == [True, False, True]
    assert ours.fits(40_000) and not ours.fits(40_001)


def test_what_is_being_written_does_not_show_and_is_cleared_after_a_crash(tmp_path: Path) -> None:
    files = PromptFiles(tmp_path, "one", 1 << 20)
    writing = files.write(np.arange(300, dtype=np.int32), np.ones(10_000, np.uint8))
    next(writing)
    (part,) = (tmp_path / "one").iterdir()
    assert not PromptFiles(tmp_path, "one", 1 << 20).files and part.exists(), "its writer lives"
    part.rename(part.with_name("left.999999999.part"))
    writing.close()
    PromptFiles(tmp_path, "one", 1 << 20)
    assert not list((tmp_path / "one").iterdir())


def test_a_request_that_comes_while_one_is_written_is_answered_first(
    model: Path, home: Path, open_tiny: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench_llama_cpp.prompt_files.CHUNK", 1000)
    engine = open_tiny(model, **SETTINGS)
    engine.enqueue(TokenRequest(id=1, prompt=PROMPT, sampling=GREEDY, max_tokens=1))
    while engine._running or engine._waiting:
        engine.step()
    engine.step()
    engine.step()
    assert engine.busy and not kept(home)
    engine.enqueue(TokenRequest(id=2, prompt=PROMPT[:50], sampling=GREEDY, max_tokens=2, ignore_end=True))
    answers: dict[int, Answer] = {}
    for _ in range(4):
        for event in engine.step():
            answers.setdefault(event.request_id, Answer()).add(event)  # type: ignore[arg-type]
    assert answers[2].ends and not kept(home)
    engine.close()
    assert len(kept(home)) == 1, "closing writes what waits"


@pytest.mark.asyncio
async def test_a_model_that_is_unloaded_right_after_its_answer_keeps_the_prompt() -> None:
    wanted = Generation(prompt="What is a token? " * 70, sampling=GREEDY, max_tokens=4, ignore_end=True)
    settings = EngineSettings(context_length=1024, threads=1, prompt_cache_bytes=1 << 30)
    counts = []
    for _ in range(2):
        model = await open_model(str(workbench_guide.PATH), settings)
        counts.append(finished(await events_of(model, wanted)).usage)
        await model.close()
    assert counts[0].cached_tokens == 0 and counts[1].cached_tokens == counts[1].prompt_tokens - 1
