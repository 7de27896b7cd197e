"""A model says on a card, or on a part of one, what it says on the CPU."""

from __future__ import annotations

from dataclasses import replace

import pytest

import workbench_guide
from tests.offload.loaded_model import LoadedModel
from workbench.engine_settings import EngineSettings
from workbench.machine.gpus import Gpu
from workbench_llama_cpp.tokenizer import open_tokenizer

pytestmark = pytest.mark.slow

ON_CPU = EngineSettings(context_length=512, devices=("CPU",))
QUANTIZED = {"kv_type_k": "q8_0", "kv_type_v": "q8_0", "flash_attention": "on"}


@pytest.mark.parametrize("layers", [2, None], ids=["two layers", "every layer"])
@pytest.mark.parametrize("cache", [{}, QUANTIZED], ids=["f16 cache", "q8_0 cache"])
def test_the_guide_says_the_same(layers: int | None, cache: dict[str, str], gpu: Gpu) -> None:
    """It is trained, so that what it says does not hang on the last digit."""
    tokenizer = open_tokenizer(str(workbench_guide.PATH), lambda share: True)
    prompt = tuple(tokenizer.tokenize("What is a context window?"))
    tokenizer.close()
    alone = replace(ON_CPU, **cache)  # type: ignore[arg-type]
    split = replace(alone, devices=(), gpu_layers=layers)
    with (
        LoadedModel(workbench_guide.PATH, alone, prompt=prompt) as expected,
        LoadedModel(workbench_guide.PATH, split, prompt=prompt) as said,
    ):
        assert said.state.devices and not expected.state.devices
        assert said.state.tokens == expected.state.tokens
