"""What one sequence of a context holds, as bytes: taken out, and put into an empty sequence.

Knows nothing of slots or files.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench_llama_cpp.binding import llama

State = NDArray[np.uint8]


def size(context: Any, sequence: int) -> int:
    """Bytes that the state takes, 0 where there is none."""
    return int(llama().llama_state_seq_get_size(context, sequence))


def saved(context: Any, sequence: int) -> State:
    """A copy of the state, empty where llama.cpp gives none."""
    state = np.empty(size(context, sequence), np.uint8)
    written = llama().llama_state_seq_get_data(context, _bytes_of(state), len(state), sequence)
    return state[:written]


def restored(context: Any, sequence: int, state: State) -> bool:
    """Put a state into an empty sequence; False when llama.cpp did not take all of it."""
    read = llama().llama_state_seq_set_data(context, _bytes_of(state), len(state), sequence)
    return bool(read == len(state))


def _bytes_of(state: State) -> Any:
    return ctypes.cast(state.ctypes.data, ctypes.POINTER(ctypes.c_uint8))
