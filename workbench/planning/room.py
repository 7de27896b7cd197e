"""How large the weights of a model may be so that it fits: what is left once all else has its place."""

from __future__ import annotations

from workbench.engine_settings import EngineSettings
from workbench.planning.estimates import Estimates


def room_for_weights(estimates: Estimates, settings: EngineSettings) -> int:
    """Bytes, with all layers on the GPUs where there are any. What else it takes is the estimator's answer.

    That part of the weights stays in main memory which is there now, so the room on the GPUs is for the rest.
    """
    said, budget = estimates.ask(settings), estimates.places.budget
    if not said.devices:
        besides = said.host.total_bytes - said.host.weights_bytes
        return budget.host - budget.host_margin - besides
    free = sum(
        budget.devices[number] - budget.margin(number) - (device.total_bytes - device.weights_bytes)
        for number, device in enumerate(said.devices)
    )
    there = sum(device.weights_bytes for device in said.devices)
    return free * (there + said.host.weights_bytes) // max(there, 1)
