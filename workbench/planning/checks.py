"""Settings that no model of this shape can have, said before anything is worked out with them."""

from __future__ import annotations

from workbench import wording
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.planning.places import Places
from workbench.planning.search import Shape

_MOST_TOKENS = 1 << 31


def check(settings: EngineSettings, shape: Shape, places: Places) -> None:
    """Raise InvalidRequest for more layers, experts or devices than there are, or too many tokens."""
    layers = shape.layers + 1
    if settings.gpu_layers is not None and settings.gpu_layers > layers:
        raise InvalidRequest(
            f"The model has {wording.count(layers, 'layer')}, the output layer included, "
            f"not {settings.gpu_layers}.",
            f"Give --gpu-layers at most {layers}, or leave it out for all.",
        )
    if settings.experts_on_cpu > shape.layers:
        raise InvalidRequest(
            f"The model has {wording.count(shape.layers, 'layer')}, not {settings.experts_on_cpu}.",
            f"Give --experts-on-cpu at most {shape.layers}.",
        )
    if settings.experts_on_cpu and not shape.expert_layers:
        raise InvalidRequest("The model has no experts.", "Leave --experts-on-cpu out.")
    if len(settings.split) > max(1, len(places.cards)):
        devices = wording.count(len(places.cards), "GPU")
        raise InvalidRequest(
            f"The split names {len(settings.split)} shares for {devices}.", "Give one share for each."
        )
    if (settings.context_length or 0) * settings.parallel >= _MOST_TOKENS:
        requests = wording.count(settings.parallel, "request")
        raise InvalidRequest(
            f"{settings.context_length} tokens for {requests} are too many.", "Use a smaller --context."
        )
