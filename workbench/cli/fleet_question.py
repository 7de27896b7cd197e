"""What is asked of a fleet, sized, and how the answer is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench import wording
from workbench.cli import output
from workbench.cli.deployed import served, write, yaml_text
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, Unsupported
from workbench.fleet import vllm
from workbench.fleet.model import FleetModel
from workbench.fleet.reading import fleet_model
from workbench.fleet.sizing import CacheType, Sized, Wanted, sized
from workbench.machine import machine
from workbench.machine.cards import card
from workbench.machine.gpus import as_card
from workbench.memory import VirtualGpu
from workbench.models import locate
from workbench.models.presets import Preset
from workbench.planning.formula import USUAL_CONTEXT

_CACHES: dict[str, CacheType] = {"f16": "f16", "bf16": "f16", "q8_0": "fp8"}
_FP8 = "vLLM has no cache of the type q8_0; fp8 is as small."


@dataclass(frozen=True, slots=True)
class Asked:
    """A model by the name that clients call it, and the GPUs that it gets."""

    model: FleetModel
    name: str
    wanted: Wanted
    size: Sized
    notes: tuple[str, ...]

    @property
    def parts(self) -> tuple[FleetModel, str, Wanted, Sized]:
        return self.model, self.name, self.wanted, self.size

    def tell(
        self,
        made: dict[str, Any] | list[str],
        target: Path | None,
        *,
        force: bool,
        as_json: bool,
        url: str,
    ) -> None:
        """The specification to a file or standard output, all else to standard error; or all as JSON."""
        text = yaml_text(made) if isinstance(made, dict) else "".join(f"{line}\n" for line in made)
        if target is not None:
            write(target, text, force=force)
        if as_json:
            key = "spec" if isinstance(made, dict) else "commands"
            files = [] if target is None else [str(target)]
            output.document({**self._document(), key: made, "files": files, "url": url})
            return
        output.write(text if target is None else f"{target}\n")
        output.note(self._summary())
        if self.model.source.startswith("/") and self.model.source in text:
            output.note(f"Every machine needs the model at {self.model.source}.")
        for note in self.notes:
            output.note(note)
        output.note(f'To ask it, once it runs: workbench run {url} "Hello"')

    def _summary(self) -> str:
        size, memory, wanted = self.size, self.size.memory, self.wanted
        stages = f" in {size.pipeline_parallel} machines" if size.pipeline_parallel > 1 else ""
        return (
            f"{size.gpus} x {wanted.gpu.name}{stages} for a replica. Of each card weights take "
            f"{wording.size(memory.weights_bytes)}, computing about {wording.size(memory.working_bytes)}; "
            f"{wording.size(memory.cache_bytes)} are left for the cache, room for {size.requests} x "
            f"{wanted.context_length:,} tokens."
        )

    def _document(self) -> dict[str, Any]:
        wanted, size = self.wanted, self.size
        return {
            "model": self.name,
            "source": self.model.source,
            "form": self.model.form,
            "quantization": self.model.quantization,
            "gpu": wanted.gpu.name,
            "replicas": wanted.replicas,
            "tensor_parallel": size.tensor_parallel,
            "pipeline_parallel": size.pipeline_parallel,
            "context": wanted.context_length,
            "requests": size.requests,
            "memory": asdict(size.memory),
            "notes": list(self.notes),
        }


def asked(
    name: str,
    gpu: str | None,
    gpus: int,
    given: Mapping[str, int | None],
    cache: str | None,
    replicas: int,
    tokenizer: str,
) -> Asked:
    """By the preset of that name, where there is one. Raises as fleet_model, vllm.check and sized."""
    chosen: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    preset, parallel = served(name, EngineSettings(**chosen, given=frozenset(chosen)), None, locate)
    model = fleet_model(preset.model, tokenizer)
    vllm.check(model)
    kind, notes = _cache(preset, cache)
    context = preset.settings.get("context_length") or min(
        USUAL_CONTEXT, model.context_length or USUAL_CONTEXT
    )
    wanted = Wanted(
        gpu=_gpu(gpu),
        gpus_per_machine=gpus,
        context_length=context,
        parallel=parallel,
        cache=kind,
        replicas=replicas,
    )
    return Asked(model, preset.name, wanted, sized(model, wanted), (*notes, *vllm.notes(model)))


def _gpu(name: str | None) -> VirtualGpu:
    if name is not None:
        return card(name)
    for gpu in machine().gpus:
        if known := as_card(gpu):
            return known
    raise InvalidRequest("This machine has no card that is known.", 'Name one with --gpu, such as "H100".')


def _cache(preset: Preset, cache: str | None) -> tuple[CacheType, tuple[str, ...]]:
    """What was given, or what the preset says in llama.cpp's words."""
    if cache is not None:
        return ("fp8" if cache == "fp8" else "f16"), ()
    kinds = {str(preset.settings.get(f"kv_type_{part}", "f16")) for part in "kv"}
    smallest = next((kind for kind in kinds if kind not in _CACHES), "q8_0" if "q8_0" in kinds else "f16")
    if smallest not in _CACHES:
        raise Unsupported(f"vLLM has no cache of the type {smallest}.", "Give --cache fp8, or f16.")
    return _CACHES[smallest], (_FP8,) if smallest == "q8_0" else ()
