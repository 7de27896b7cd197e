"""One decode of a batch, for contexts whose slots keep more than what runs. Knows nothing of requests."""

from __future__ import annotations

from typing import Any

from workbench.errors import EngineDied
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.binding import llama, log
from workbench_llama_cpp.slots import Slots


def decode(context: Any, batch: Batch, slots: Slots) -> None:
    """Raises EngineDied."""
    result = llama().llama_decode(context, batch.structure())
    if result == 1:  # no room: what idle slots keep is given up
        slots.forget_idle()
        result = llama().llama_decode(context, batch.structure())
    if result != 0:
        raise EngineDied(f"llama.cpp could not compute a step (code {result}): {log.reason()}.", "Ask again.")
