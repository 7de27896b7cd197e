"""What llama.cpp's own library makes of a model without us in between."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BARE = """
import ctypes, os, sys
from llama_cpp import llama_cpp as functions
functions.llama_backend_init()
parameters = functions.llama_model_quantize_default_params()
parameters.nthread = 2
for word in sys.argv[3:]:
    name, _, value = word.partition("=")
    setattr(parameters, name, int(value))
sys.exit(functions.llama_model_quantize(
    os.fsencode(sys.argv[1]), os.fsencode(sys.argv[2]), ctypes.byref(parameters)))
"""


def quantized_bare(source: Path, target: Path, **parameters: int) -> Path:
    """The file as the library writes it, called from a process that knows nothing of the workbench."""
    words = [f"{name}={int(value)}" for name, value in parameters.items()]
    subprocess.run(
        [sys.executable, "-c", BARE, str(source), str(target), *words], check=True, capture_output=True
    )
    return target
