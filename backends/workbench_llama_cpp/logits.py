"""The logits that llama.cpp's last decode left. Knows no request."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench_llama_cpp.binding import llama


def logits(context: Any, row: int, vocabulary_size: int) -> NDArray[np.float32]:
    """The logits that the last decode left for batch position `row`; valid until the next one."""
    return np.ctypeslib.as_array(llama().llama_get_logits_ith(context, row), (vocabulary_size,))
