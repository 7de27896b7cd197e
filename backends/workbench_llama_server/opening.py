"""A GGUF file and settings as llama-server's command line, and the Provider that comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from workbench.backend import LoadProgress, ModelFacts
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineUnavailable, InvalidRequest, ModelNotFound, Unsupported
from workbench.gguf import Header, check_whole, read_model
from workbench.openai_client.own_provider import OwnProvider
from workbench.openai_client.own_server import OwnServer
from workbench_llama_server.binary import PROGRAM, found

_LEAST_BATCH = 2048


def open_provider(model: str, settings: EngineSettings, progress: LoadProgress) -> OwnProvider:
    """Raises ModelNotFound, InvalidModel, InvalidRequest, EngineDied, EngineUnavailable and LoadCancelled."""
    program = found()
    if program is None:
        raise EngineUnavailable(f"There is no {PROGRAM} here.", "`workbench backends` says how to get it.")
    if not Path(model).is_file():
        raise ModelNotFound(f"There is no file {model}.", "Check the path.")
    header = read_model(model)
    check_whole(header)
    arguments = [program, "--model", model, *_arguments(settings, header)]

    def command(port: int, key: str) -> list[str]:
        return [*arguments, "--host", "127.0.0.1", "--port", str(port)]

    server = OwnServer(command, lambda key: {"LLAMA_API_KEY": key}, ready="/health")
    return OwnProvider.open(server, partial(_facts, header, settings), progress)


def _arguments(settings: EngineSettings, header: Header) -> Iterator[str]:
    _check(settings)
    context = 0 if settings.context_length is None else settings.context_length * settings.parallel
    yield from ("--ctx-size", str(context), "--parallel", str(settings.parallel), "--no-kv-unified")
    yield from ("--cache-type-k", settings.kv_type_k, "--cache-type-v", settings.kv_type_v)
    yield from ("--flash-attn", settings.flash_attention, "--ubatch-size", str(settings.micro_batch))
    yield from ("--batch-size", str(max(_LEAST_BATCH, settings.micro_batch)), "--no-webui")
    if settings.gpu_layers is not None:
        yield from ("--n-gpu-layers", str(settings.gpu_layers))
    if settings.threads is not None:
        yield from ("--threads", str(settings.threads))
    if settings.threads_batch is not None:
        yield from ("--threads-batch", str(settings.threads_batch))
    if settings.experts_on_cpu:
        yield from ("--n-cpu-moe", str(settings.experts_on_cpu))
    for override in settings.tensor_overrides:
        yield from ("--override-tensor", f"{override.pattern}={override.buffer}")
    if settings.split:
        yield from ("--tensor-split", ",".join(f"{share:g}" for share in settings.split))
    if devices := [one for one in settings.devices if not one.startswith("rpc://")]:
        yield from ("--device", ",".join(devices))
    named = [one for one in settings.devices if one.startswith("rpc://")]
    if remote := [one.removeprefix("rpc://") for one in (*settings.rpc_servers, *named)]:
        yield from ("--rpc", ",".join(remote))
    for lora in settings.lora:
        yield from ("--lora-scaled", f"{lora.path}:{lora.scale:g}")
    if settings.draft:
        yield from ("--model-draft", settings.draft)
    yield from ("--mmproj", settings.projector) if settings.projector else ("--no-mmproj",)
    yield from _pooling(settings, header)


def _pooling(settings: EngineSettings, header: Header) -> Iterator[str]:
    """A model that makes vectors makes nothing else there."""
    if settings.pooling is not None:
        yield from ("--pooling", settings.pooling)
    told = header.number(f"{header.architecture}.pooling_type")
    if settings.pooling == "rank" or told == 4:
        yield "--reranking"
    elif settings.pooling is not None or told:
        yield "--embeddings"


def _check(settings: EngineSettings) -> None:
    if settings.speculation == "ngram":
        raise Unsupported(f"{PROGRAM} is not asked to draft from the text before.", "Leave --speculate out.")
    for lora in settings.lora:
        if not Path(lora.path).is_file():
            raise InvalidRequest(f"There is no adapter {lora.path}.", "Check the path.")


def _facts(header: Header, settings: EngineSettings, told: ModelFacts) -> ModelFacts:
    """What the server tells, and what the file does."""
    trained = header.context_length or told.trained_context
    shorter = settings.context_length is None and told.context_length < trained
    notice = f"The context is {told.context_length} tokens, of the {trained} that the model was trained for."
    return replace(
        told,
        architecture=header.architecture,
        quantization=header.quantization,
        trained_context=trained,
        parallel=settings.parallel,
        notices=(notice,) if shorter else (),
    )
