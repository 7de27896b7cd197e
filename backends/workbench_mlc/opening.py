"""A folder and settings as the command line of MLC's server, and the Provider that comes of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from workbench.backend import LoadProgress, ModelFacts
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineUnavailable, InvalidRequest, LoadCancelled
from workbench.openai_client.own_provider import OwnProvider
from workbench.openai_client.own_server import OwnServer
from workbench_mlc import PROGRAM
from workbench_mlc.config import MlcModel, read_config

_KEPT = {"context_length", "parallel", "devices", "micro_batch", "vocabulary_only", "prompt_cache_bytes"}
_DEVICES = ("auto", "cuda", "rocm", "metal", "vulkan", "opencl", "cpu")


def open_provider(model: str, settings: EngineSettings, progress: LoadProgress) -> OwnProvider:
    """Raises ModelNotFound, InvalidModel, InvalidRequest, Unsupported, EngineDied and LoadCancelled."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise EngineUnavailable("MLC-LLM is not installed.", "`workbench backends` says how to install it.")
    folder = Path(model)
    known = read_config(folder)
    if not progress(0.0):
        raise LoadCancelled("Loading was cancelled.")
    arguments = [program, "serve", str(folder), *_arguments(settings, known)]

    def command(port: int, key: str) -> list[str]:
        return [*arguments, "--host", "127.0.0.1", "--port", str(port), "--api-key", key]

    return OwnProvider.open(OwnServer(command), partial(_facts, known, settings), progress)


def _arguments(settings: EngineSettings, model: MlcModel) -> Iterator[str]:
    settings.refuse_all_but(_KEPT, "MLC")
    if len(settings.devices) > 1 or not set(settings.devices) <= set(_DEVICES):
        raise InvalidRequest(
            f"MLC has no device {', '.join(settings.devices)}.", f"Choose one of {', '.join(_DEVICES)}."
        )
    yield from ("--device", *(settings.devices or ("auto",)))
    context = settings.context_length or model.context_length
    chosen = [f"max_num_sequence={settings.parallel}", f"max_total_seq_length={context * settings.parallel}"]
    if settings.context_length is not None:
        chosen.append(f"context_window_size={context}")
    yield from ("--mode", "server", "--overrides", ";".join(chosen))


def _facts(model: MlcModel, settings: EngineSettings, told: ModelFacts) -> ModelFacts:
    context = settings.context_length or model.context_length
    size = model.memory_bytes(context, settings.parallel) / (1 << 30)
    notice = f"MLC's own formula predicts {size:.1f} GiB, without the buffers of its compiled functions."
    return replace(
        told,
        architecture=model.architecture,
        quantization=model.quantization,
        context_length=context,
        trained_context=model.context_length,
        vocabulary_size=model.vocabulary_size,
        size_bytes=model.weights_bytes,
        parallel=settings.parallel,
        notices=(notice,),
    )
