"""A folder and settings as MLC's engine in this process, or as the command line of its server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from workbench.backend import LoadProgress, Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineUnavailable, InvalidRequest, LoadCancelled
from workbench.openai_client.own_server import OwnServer
from workbench_mlc import PROGRAM, MlcBackend
from workbench_mlc.config import MlcModel, read_config
from workbench_mlc.facts import facts

_KEPT = {"context_length", "parallel", "devices", "micro_batch", "vocabulary_only", "prompt_cache_bytes"}
_DEVICES = ("auto", "cuda", "rocm", "metal", "vulkan", "opencl", "cpu")


def open_provider(model: str, settings: EngineSettings, progress: LoadProgress) -> Provider:
    """Raises ModelNotFound, InvalidModel, InvalidRequest, Unsupported, EngineDied and LoadCancelled."""
    importable, program = find_spec(PROGRAM) is not None, shutil.which(PROGRAM)
    if not importable and program is None:
        raise EngineUnavailable("MLC-LLM is not installed.", MlcBackend().install_command("cuda"))
    folder = Path(model)
    known = read_config(folder)
    _check(settings)
    if not progress(0.0):
        raise LoadCancelled("Loading was cancelled.")
    if importable:
        return _in_process(folder, settings, known, progress)
    assert program is not None
    return _managed([program, "serve", str(folder), *_arguments(settings, known)], settings, known, progress)


def _in_process(folder: Path, settings: EngineSettings, known: MlcModel, progress: LoadProgress) -> Provider:
    try:
        from workbench_mlc.in_process import open_engine
    except Exception as error:  # it looks for its library while it is imported
        raise EngineUnavailable(
            f"MLC-LLM cannot be used here: {error}.", MlcBackend().install_command("cuda")
        ) from error
    provider = open_engine(str(folder), settings, known)
    progress(1.0)
    return provider


def _managed(
    arguments: list[str], settings: EngineSettings, known: MlcModel, progress: LoadProgress
) -> Provider:
    from workbench_mlc.provider import MlcServerProvider

    def command(port: int, key: str) -> list[str]:
        return [*arguments, "--host", "127.0.0.1", "--port", str(port), "--api-key", key]

    provider = MlcServerProvider.open(OwnServer(command), lambda told: facts(known, settings), progress)
    assert isinstance(provider, MlcServerProvider)
    for endpoint in provider.endpoints.each:
        provider.know(endpoint)
    return provider


def _check(settings: EngineSettings) -> None:
    settings.refuse_all_but(_KEPT, "MLC")
    if len(settings.devices) > 1 or not set(settings.devices) <= set(_DEVICES):
        raise InvalidRequest(
            f"MLC has no device {', '.join(settings.devices)}.", f"Choose one of {', '.join(_DEVICES)}."
        )


def _arguments(settings: EngineSettings, model: MlcModel) -> Iterator[str]:
    yield from ("--device", *(settings.devices or ("auto",)))
    context = settings.context_length or model.context_length
    chosen = [f"max_num_sequence={settings.parallel}", f"max_total_seq_length={context * settings.parallel}"]
    if settings.context_length is not None:
        chosen.append(f"context_window_size={context}")
    if not settings.leaves_open("micro_batch"):
        chosen.append(f"prefill_chunk_size={settings.micro_batch}")
    yield from ("--mode", "server", "--overrides", ";".join(chosen))
