"""What a person is told of an MLC model before anything else: its sizes, and the memory that it takes."""

from __future__ import annotations

from workbench.backend import Capability, ModelFacts
from workbench.engine_settings import EngineSettings
from workbench_mlc.config import MlcModel

_ABILITIES: frozenset[Capability] = frozenset({"generate", "logprobs", "constrain"})


def facts(model: MlcModel, settings: EngineSettings) -> ModelFacts:
    context = settings.context_length or model.context_length
    size = model.memory_bytes(context, settings.parallel) / (1 << 30)
    notice = f"MLC's own formula predicts {size:.1f} GiB, without the buffers of its compiled functions."
    return ModelFacts(
        architecture=model.architecture,
        quantization=model.quantization,
        context_length=context,
        trained_context=model.context_length,
        vocabulary_size=model.vocabulary_size,
        size_bytes=model.weights_bytes,
        parallel=settings.parallel,
        capabilities=_ABILITIES,
        placement="this machine",
        notices=(notice,),
    )
