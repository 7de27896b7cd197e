"""Dry runs with the parameters of other programs, of which sizes are known from what they logged in public.

    python -m tests.llama_cpp.as_others_load < cases.json > sizes.json

They reserve logits for every token of a batch, and llama-server of that time did for one cache of its own for
each request. A process of its own, because a dry run spoils a process for loading in earnest.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.blueprints import header
from tests.blueprints import models as blueprints
from workbench.engine_settings import EngineSettings
from workbench.memory import DeviceMemory, VirtualGpu
from workbench_llama_cpp import parameters
from workbench_llama_cpp.devices import device
from workbench_llama_cpp.estimating.breakdown import breakdown
from workbench_llama_cpp.estimating.dry_run import DryModel
from workbench_llama_cpp.estimating.placement import placed
from workbench_llama_cpp.estimating.skeleton import skeleton
from workbench_llama_cpp.estimating.virtual import virtual_devices

CARD = VirtualGpu(name="CUDA0", memory_bytes=400 << 30, compute_capability=(8, 9), multiprocessors=128)


def sizes(model: str, tokens: int, settings: dict[str, Any]) -> list[list[int]]:
    """Bytes of weights, context and computing, of the card and of the host."""
    wanted = EngineSettings(**settings)
    blueprint = getattr(blueprints, model)()
    with virtual_devices([CARD]) as handles:
        cards = [device(handle) for handle in handles]
        dry = DryModel(str(skeleton(header(blueprint))), model, wanted, cards)
        (card,), host = dry.with_context(wanted, tokens, lambda context: placed(breakdown(context), cards))
        dry.close()
    return [_row(card), _row(host)]


def _row(memory: DeviceMemory) -> list[int]:
    return [memory.weights_bytes, memory.context_bytes, memory.compute_bytes]


def main() -> None:
    ours = parameters.context_parameters

    def theirs(settings: EngineSettings, context_length: int) -> Any:
        wanted = ours(settings, context_length)
        wanted.n_outputs_max = 0
        return wanted

    parameters.context_parameters = theirs
    json.dump([sizes(*case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
