"""What llama.cpp is seen to do in a pass: every weight counted once, by kind and type; its kernels timed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import workbench_guide
from tests.llama_cpp import embedding_models, tiny_models
from workbench.engine_profile import EngineProfile, PassProfile, ProfileRequest
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidModel, Unsupported
from workbench.gguf import read_header
from workbench_llama_cpp.backend import LlamaCppBackend

DEPTH, PROMPT = 300, 32


def profile(model: Path, *types: str, **settings: object) -> EngineProfile:
    request = ProfileRequest(
        model=str(model),
        settings=EngineSettings(context_length=512, **settings),  # type: ignore[arg-type]
        depth=DEPTH,
        prompt=PROMPT,
        types=types,
    )
    told: list[str] = []
    found = LlamaCppBackend().profiler().profile(request, told.append)
    assert told
    return found


def total(found: PassProfile, kind: str, count: Callable[..., float]) -> float:
    return sum(count(part) for part in found.parts if part.kind == kind)


def multiplied_bytes(model: Path) -> int:
    """Of the matrices; the embeddings too, which are the output where there is no other."""
    return sum(tensor.size_bytes for tensor in read_header(model).tensors if len(tensor.shape) > 1)


@pytest.fixture(scope="module")
def guide() -> EngineProfile:
    return profile(workbench_guide.PATH, "Q8_0", "F32")


def test_a_token_reads_every_weight_and_what_is_in_the_cache(guide: EngineProfile) -> None:
    read = total(guide.write, "weights", lambda part: part.bytes_read)
    assert read == multiplied_bytes(workbench_guide.PATH)
    header = read_header(workbench_guide.PATH)
    layers = header.metadata["llama.block_count"]
    assert total(guide.write, "attention", lambda part: part.bytes_read) % layers == 0
    assert {(part.kind, part.type) for part in guide.write.parts} == {
        ("weights", "F16"),
        ("attention", "F16"),
        ("other", ""),
    }


def test_a_prompt_takes_as_many_operations_as_it_has_tokens(guide: EngineProfile) -> None:
    one, many = (total(found, "weights", lambda part: part.operations) for found in (guide.write, guide.read))
    assert one == multiplied_bytes(workbench_guide.PATH)  # two bytes a weight, two operations
    assert (guide.read.tokens, guide.write.tokens) == (PROMPT, 1)
    assert 0.6 * PROMPT * one < many <= PROMPT * one  # the end, for the last token alone


def test_times_add_up_and_kernels_are_measured(guide: EngineProfile) -> None:
    for found in (guide.write, guide.read):
        assert sum(part.seconds for part in found.parts) == pytest.approx(found.seconds)
        assert all(part.seconds >= 0 and part.place == "CPU" for part in found.parts)
        assert total(found, "weights", lambda part: part.seconds) > 0
    assert guide.threads >= 1 and guide.sampling_seconds > 0
    assert [(one.type, one.bits) for one in guide.kernels] == [("F16", 16), ("Q8_0", 8.5)]
    assert all(one.bytes_per_second > 1e7 and one.operations_per_second > 1e8 for one in guide.kernels)


def test_attention_without_flash_is_seen_too() -> None:
    found = profile(workbench_guide.PATH, flash_attention="off")
    assert total(found.write, "attention", lambda part: part.bytes_read) > 0


def test_experts_count_as_far_as_they_are_used(tmp_path: Path) -> None:
    model = tiny_models.llama(tmp_path / "experts.gguf", experts=8)
    experts = sum(one.size_bytes for one in read_header(model).tensors if "exps" in one.name)
    found = profile(model)
    assert total(found.write, "weights", lambda part: part.bytes_read) == (
        multiplied_bytes(model) - experts + experts * 2 // 8
    )


def test_a_model_that_takes_nothing_back_is_seen_at_its_depth(tmp_path: Path) -> None:
    found = profile(tiny_models.mamba(tmp_path / "mamba.gguf"))
    assert total(found.write, "state", lambda part: 1) > 0


def test_what_cannot_be_looked_into_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="cannot continue text"):
        profile(embedding_models.encoder(tmp_path / "vectors.gguf"))
    with pytest.raises(InvalidModel):
        profile(tiny_models.missing_tensor(tmp_path / "missing.gguf"))
