"""Settings that were found to be fastest for one model, on one machine, with one build of the engine.

A value, and what of it a load may take over. Knows no file and no engine.
"""

from __future__ import annotations

import os
from typing import Any

import msgspec

from workbench.engine_settings import EngineSettings
from workbench.tuning.aim import Aim, Kind
from workbench.tuning.identity import Identity

_SIZED = (
    frozenset({"gpu_layers", "experts_on_cpu", "tensor_overrides", "split", "devices", "rpc_servers"}),
    frozenset({"flash_attention", "kv_type_k", "kv_type_v"}),
)
"""What belongs together, and was found for so many tokens of context or fewer."""
_TOGETHER = (
    *_SIZED,
    frozenset({"threads", "threads_batch"}),
    frozenset({"micro_batch"}),
    frozenset({"speculation", "draft"}),
)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What tuning has found.

    Attributes:
        model: Its name; path and size_bytes are those of its first file.
        context_length: Tokens that each request had; usual_context is what it has where nobody says.
        settings: Fields of EngineSettings that differ from the usual; none where nothing was faster.
        tuned: When, in seconds since 1970.
        usual_speed: Tokens per second without them, and tuned_speed with them, both measured in turns.
        gain: By which share they are faster, the median of the pairs.
        lossy: Whether they change what the model says.
    """

    model: str
    path: str
    size_bytes: int
    backend: str
    identity: Identity
    kind: Kind
    parallel: int
    context_length: int
    usual_context: int
    settings: dict[str, Any]
    tuned: float
    usual_speed: float
    tuned_speed: float
    gain: float
    lossy: bool = False

    @property
    def aim(self) -> Aim:
        return Aim(self.kind, self.parallel)

    @property
    def values(self) -> dict[str, Any]:
        """The settings as EngineSettings has them. Raises msgspec.ValidationError and WorkbenchError."""
        whole = msgspec.convert(self.settings, EngineSettings)
        return {name: getattr(whole, name) for name in self.settings}


def changes(settings: EngineSettings, usual: EngineSettings) -> dict[str, Any]:
    """What is to be kept of settings that were found; what belongs together is kept together."""
    return {
        name: getattr(settings, name)
        for group in _TOGETHER
        if any(getattr(settings, name) != getattr(usual, name) for name in group)
        for name in sorted(group - {"tensor_overrides", "devices", "rpc_servers"})
    }


def open_to(profile: Profile, settings: EngineSettings) -> dict[str, Any]:
    """The values that a load with these settings takes over: for what is left open, and where they hold."""
    tokens = (settings.context_length or profile.usual_context) * settings.parallel
    is_larger = tokens > profile.context_length * profile.parallel
    values = profile.values
    taken: dict[str, Any] = {}
    for group in _TOGETHER:
        is_lost = "draft" in group and values.get("draft") and not os.path.exists(values["draft"])
        is_open = all(settings.leaves_open(name) for name in group)
        if is_open and not is_lost and not (is_larger and group in _SIZED):
            taken |= {name: value for name, value in values.items() if name in group}
    return taken


def is_tunable(settings: EngineSettings) -> bool:
    """Whether anything that could be tuned was left open."""
    return any(all(settings.leaves_open(name) for name in group) for group in _TOGETHER)
