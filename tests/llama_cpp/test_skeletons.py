"""A skeleton has what decides about sizes, and takes no room."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.blueprints import header, models, write
from tests.core.gguf_bytes import BOOL, F32, I32, STRING, U32, U64, GgufBytes
from tests.llama_cpp import tiny_models
from tests.llama_cpp.architectures import ARCHITECTURES
from workbench.engine_settings import EngineSettings
from workbench.errors import NoSpace
from workbench.gguf import BytesSource, Header, parse, read_header, read_model
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator
from workbench_llama_cpp.estimating.skeleton import skeleton, skeleton_header

SETTINGS = EngineSettings(context_length=1024)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    return tmp_path


def test_it_has_the_tensors_and_the_hyperparameters_of_the_model(tmp_path: Path) -> None:
    path = write(ARCHITECTURES["gemma3"](), tmp_path / "model.gguf")
    whole, bare = read_header(path), read_header(skeleton(read_header(path)))
    assert [(one.name, one.shape, one.type) for one in bare.tensors] == [
        (one.name, one.shape, one.type) for one in whole.tensors
    ]
    kept = {key: value for key, value in whole.metadata.items() if key.startswith("gemma3.")}
    assert {key: bare.metadata[key] for key in kept} == kept
    assert bare.metadata["gemma3.vocab_size"] == len(whole.metadata["tokenizer.ggml.tokens"])  # type: ignore[arg-type]
    assert not bare.missing_bytes


def test_it_takes_no_room() -> None:
    path = skeleton(header(models.llama_3_70b()))
    status = path.stat()
    assert status.st_size > 40 << 30
    assert status.st_blocks * 512 < 256 << 10


def test_it_is_made_once_for_each_header_and_again_when_it_is_damaged() -> None:
    first = header(ARCHITECTURES["llama"]())
    path = skeleton(first)
    made = path.stat().st_mtime_ns
    assert skeleton(first) == path and path.stat().st_mtime_ns == made
    assert skeleton(header(ARCHITECTURES["qwen3"]())) != path
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(b"something else")
    assert skeleton(first) == path
    assert read_header(path).architecture == "llama"
    assert [one.name for one in path.parent.iterdir() if "unfinished" in one.name] == []


def test_shards_become_one_skeleton(tmp_path: Path, estimator: LlamaCppEstimator) -> None:
    whole = read_model(tiny_models.llama(tmp_path / "whole.gguf"))
    tiny_models.llama(tmp_path / "tiny.gguf", tensors_per_shard=20)
    parts = read_model(next(iter(sorted(tmp_path.glob("tiny-*.gguf")))))
    assert len(parts.files) == 3
    assert sorted(one.name for one in read_header(skeleton(parts)).tensors) == sorted(
        one.name for one in whole.tensors
    )
    assert estimator.estimate(parts, SETTINGS, ()) == estimator.estimate(whole, SETTINGS, ())


def test_descriptions_are_left_out_and_kinds_of_numbers_kept() -> None:
    file = GgufBytes()
    file.entry("general.architecture", STRING, file.text("llama"))
    file.entry("general.description", STRING, file.text("x" * 100_000))
    file.entry("llama.flag", BOOL, file.pack("?", True))
    file.entry("llama.base", F32, file.pack("f", 0.1))
    file.entry("llama.count", U32, file.pack("I", 2**32 - 1))
    file.entry("llama.large", U64, file.pack("Q", 2**64 - 1))
    file.entry("llama.negative", I32, file.pack("i", -5))
    file.array("llama.sizes", U64, 2, file.pack("2Q", 2**63, 1))
    file.array("llama.flags", BOOL, 2, file.pack("2?", True, False))
    file.array("llama.words", STRING, 2, file.text("a") + file.text("é"))
    content = skeleton_header(parse(BytesSource(bytes(file.tensor("a")))))
    bare = parse(BytesSource(content + bytes(128)))
    assert len(content) < 1000
    assert bare.metadata["llama.base"] == pytest.approx(0.1)
    numbers = {key: bare.metadata[f"llama.{key}"] for key in ("flag", "count", "large", "negative")}
    assert numbers == {"flag": True, "count": 2**32 - 1, "large": 2**64 - 1, "negative": -5}
    lists = {key: list(bare.metadata[f"llama.{key}"]) for key in ("sizes", "flags", "words")}  # type: ignore[arg-type]
    assert lists == {"sizes": [2**63, 1], "flags": [True, False], "words": ["a", "é"]}


def test_another_alignment_is_kept(estimator: LlamaCppEstimator) -> None:
    usual = header(ARCHITECTURES["llama"]())
    wide = replace(usual, alignment=4096, metadata={**usual.metadata, "general.alignment": 4096})
    assert read_header(skeleton(wide)).data_offset % 4096 == 0
    assert estimator.estimate(wide, SETTINGS, ()) == estimator.estimate(usual, SETTINGS, ())


def test_a_size_that_no_file_can_have_is_refused() -> None:
    usual = header(ARCHITECTURES["llama"]())
    huge = replace(usual.tensors[0], shape=(2**61,))
    with pytest.raises(NoSpace, match="GiB") as caught:
        skeleton(replace(usual, tensors=(huge, huge, *usual.tensors[1:])))
    assert caught.value.remedy


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_to_is_told(home: Path) -> None:
    (home / "cache").mkdir(mode=0o500)
    with pytest.raises(NoSpace):
        skeleton(header(ARCHITECTURES["llama"]()))


def whole_of(path: Path) -> Header:
    return read_model(path)
