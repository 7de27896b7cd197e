"""A model in shards loads whole from any of them, and is refused when one is missing or cut short."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.answers import GREEDY, run_all
from tests.llama_cpp import tiny_models
from tests.llama_cpp.conftest import Open
from workbench.backend import TokenRequest
from workbench.errors import InvalidModel


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    tiny_models.llama(tmp_path / "tiny.gguf", tensors_per_shard=20)
    return sorted(tmp_path.glob("tiny-*.gguf"))


def test_any_shard_loads_the_whole_model(shards: list[Path], tmp_path: Path, open_tiny: Open) -> None:
    whole = open_tiny(tiny_models.llama(tmp_path / "whole.gguf"))
    assert len(shards) == 3
    request = TokenRequest(id=1, prompt=tuple(b"abc abc"), sampling=GREEDY, max_tokens=8, ignore_end=True)
    whole.enqueue(request)
    expected = run_all(whole)[1].ids
    for path in shards:
        engine = open_tiny(path)
        assert (engine.facts.parameters, engine.facts.size_bytes) == (
            whole.facts.parameters,
            whole.facts.size_bytes,
        )
        engine.enqueue(request)
        assert run_all(engine)[1].ids == expected


def test_a_missing_shard_is_named(shards: list[Path], open_tiny: Open) -> None:
    shards[1].unlink()
    with pytest.raises(InvalidModel, match=r"tiny-00002-of-00003.gguf.* is missing"):
        open_tiny(shards[0])


def test_a_shard_cut_short_is_named(shards: list[Path], open_tiny: Open) -> None:
    shards[2].write_bytes(shards[2].read_bytes()[:-100])
    with pytest.raises(InvalidModel, match=r"tiny-00003-of-00003.gguf is truncated: 100 bytes"):
        open_tiny(shards[0])
