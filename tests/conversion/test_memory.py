"""Converting takes a small part of the memory that the model would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conversion import folders

PEAK = """
import resource, sys
from pathlib import Path
from workbench.conversion.converting import Choices, convert

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
choices = Choices(output=Path(sys.argv[1]) / "out.gguf", type="q8_0")
convert(Path(sys.argv[1]), choices, lambda *progress: None)
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
HIDDEN, FEED_FORWARD = 4096, 32768


@pytest.mark.slow
def test_memory_stays_below_the_size_of_the_largest_matrix(tmp_path: Path) -> None:
    """The largest matrix has 512 MiB as 32-bit floats, the model 1.7 GiB; its weights are holes in a file."""
    folder = folders.llama(
        tmp_path,
        config={"hidden_size": HIDDEN, "intermediate_size": FEED_FORWARD, "tie_word_embeddings": True},
    )
    header, end = {}, 0
    for name, values in folders.llama_tensors().items():
        shape = [
            {folders.HIDDEN: HIDDEN, folders.FEED_FORWARD: FEED_FORWARD}.get(size, size)
            for size in values.shape
        ]
        shape = [HIDDEN // 2 if size == folders.HIDDEN // 2 else size for size in shape]
        size = 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    folders.write_safetensors(folder / "model.safetensors", json.dumps(header).encode(), b"")
    with open(folder / "model.safetensors", "r+b") as file:
        file.truncate(8 + len(json.dumps(header)) + end)
    ended = subprocess.run(
        [sys.executable, "-c", PEAK, str(folder)], capture_output=True, text=True, check=True
    )
    before, peak = (int(number) / 1024 for number in ended.stdout.split())
    assert peak - before < 200, f"{peak - before:.0f} MiB of {end / 2**20:.0f}"
