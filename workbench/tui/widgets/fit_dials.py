"""A dial for each setting that decides what a model takes. Knows nothing of what it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from textual import on
from textual.containers import VerticalScroll
from textual.message import Message

from workbench.engine_settings import KV_TYPES, EngineSettings
from workbench.planning.aim import AIMS, Aim
from workbench.planning.frontier import contexts
from workbench.planning.search import Shape
from workbench.tui.widgets.dial import Dial

_SHORT_CONTEXTS = (512, 1024, 2048)
_PARALLEL = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
_MICRO_BATCHES = (32, 64, 128, 256, 512, 1024, 2048, 4096)
_FLASH_ATTENTION = ("auto", "on", "off")


class FitDials(VerticalScroll):
    """`settings` follows the dials; what has no dial stays as it was given."""

    can_focus = False

    @dataclass
    class Changed(Message):
        """A person turned one."""

        settings: EngineSettings

    def __init__(self) -> None:
        super().__init__()
        self.settings = EngineSettings()
        self._layers = 0

    @property
    def aim(self) -> Aim:
        """What a plan is to be for."""
        chosen = self.query_one("#aim", Dial).value
        return next(aim for aim in AIMS if aim == chosen)

    async def offer(self, settings: EngineSettings, shape: Shape, *, has_gpus: bool) -> None:
        """Dials for a model of this shape, at these settings."""
        self._layers = shape.layers + 1
        with self.app.batch_update():
            await self.remove_children()
            await self.mount_all(_dials(shape, has_gpus))
        self.show(settings)

    def show(self, settings: EngineSettings) -> None:
        """Turn all of them to these settings."""
        self.settings = settings
        shown: dict[str, int | str | None] = {
            "context_length": settings.context_length,
            "kv_type": settings.kv_type_k,
            "gpu_layers": self._layers if settings.gpu_layers is None else settings.gpu_layers,
            "experts_on_cpu": settings.experts_on_cpu,
            "micro_batch": settings.micro_batch,
            "parallel": settings.parallel,
            "flash_attention": settings.flash_attention,
        }
        for dial in self.query(Dial):
            value = shown.get(str(dial.name))
            if value is not None:
                dial.value = value

    @on(Dial.Changed)
    def _follow(self, event: Dial.Changed) -> None:
        event.stop()
        if event.name == "aim":
            return
        self.settings = self._changed(event.name, event.value)
        self.post_message(self.Changed(self.settings))

    def _changed(self, name: str, value: int | str) -> EngineSettings:
        match name, value:
            case "kv_type", str():
                return replace(self.settings, kv_type_k=value, kv_type_v=value)
            case "flash_attention", "auto" | "on" | "off":
                return replace(self.settings, flash_attention=value)
            case "gpu_layers", int():
                return replace(self.settings, gpu_layers=None if value == self._layers else value)
            case _:
                numbers: dict[str, int] = {name: int(value)}
                return replace(self.settings, **numbers)  # type: ignore[arg-type]


def _dials(shape: Shape, has_gpus: bool) -> Iterator[Dial]:
    trained = shape.trained_context
    lengths = {*(one for one in _SHORT_CONTEXTS if one < trained), *contexts(trained)}
    yield Dial("context_length", "context", sorted(lengths), trained)
    yield Dial("parallel", "requests", _PARALLEL, 1)
    yield Dial("kv_type", "cache type", KV_TYPES, "f16")
    if has_gpus:
        yield Dial("gpu_layers", "layers on GPU", range(shape.layers + 2), 0)
    if has_gpus and shape.expert_layers:
        yield Dial("experts_on_cpu", "experts on CPU", range(shape.expert_layers + 1), 0)
    yield Dial("micro_batch", "micro-batch", _MICRO_BATCHES, 512)
    yield Dial("flash_attention", "flash attention", _FLASH_ATTENTION, "auto")
    yield Dial("aim", "plan for", AIMS, AIMS[0])
