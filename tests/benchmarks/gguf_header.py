"""What reading a header with a large vocabulary costs in processor time, ours and `gguf.GGUFReader`'s.

    python tests/benchmarks/gguf_header.py [RUNS]

The header is like gemma-4's: 262,144 tokens with scores and types, 9 MB of merges and 600 tensors, 16 MB in
all. The weights are a hole in the file, which GGUFReader wants in their place. Each run has an interpreter of
its own, whose imports do not count. The cheapest run of ours is compared with the one of GGUFReader.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path
from string import ascii_lowercase

import gguf
import numpy as np

TOKENS = 262_144
MERGES = 514_906
LAYERS = 60
TENSORS_PER_LAYER = 10
TOKEN_LENGTHS = (2, 3, 4, 5, 5, 6, 6, 7, 8, 9, 11)
MERGED_LENGTH = 7
TEMPLATE = "{{ messages }}" * 1000

TIMED = (
    "{imports}; from time import process_time; start = process_time(); {call}; print(process_time() - start)"
)
OURS = ("from workbench.gguf import read_header", "read_header({path!r})")
THEIRS = ("from gguf import GGUFReader", "GGUFReader({path!r})")


def words(dice: random.Random) -> list[str]:
    """As many different words as there are tokens, of the lengths that tokens have."""
    found: dict[str, None] = {}
    while len(found) < TOKENS:
        found["".join(dice.choices(ascii_lowercase, k=dice.choice(TOKEN_LENGTHS)))] = None
    return list(found)


def merges(tokens: list[str], dice: random.Random) -> list[str]:
    """Pairs of short tokens."""
    short = [token for token in tokens if len(token) <= MERGED_LENGTH]
    return [" ".join(dice.choices(short, k=2)) for _ in range(MERGES)]


def _add_metadata(writer: gguf.GGUFWriter) -> None:
    dice = random.Random(0)
    tokens = words(dice)
    writer.add_name("A header like gemma-4's")
    writer.add_context_length(131_072)
    writer.add_block_count(LAYERS)
    writer.add_tokenizer_model("gemma4")
    writer.add_token_list(tokens)
    writer.add_token_scores([float(-number) for number in range(TOKENS)])
    writer.add_token_types([gguf.TokenType.NORMAL] * TOKENS)
    writer.add_token_merges(merges(tokens, dice))
    writer.add_chat_template(TEMPLATE)


def _add_tensors(writer: gguf.GGUFWriter) -> int:
    """Describe matrices of 2 MiB; the number of bytes that they take."""
    for layer in range(LAYERS):
        for number in range(TENSORS_PER_LAYER):
            name = f"blk.{layer}.part_{number}.weight"
            writer.add_tensor_info(name, (1024, 1024), np.dtype(np.float16), 2 << 20)
    return LAYERS * TENSORS_PER_LAYER * (2 << 20)


def write_file(path: Path) -> int:
    """Write a header, then a hole for the weights; the number of bytes before the hole."""
    writer = gguf.GGUFWriter(path, "gemma4")
    _add_metadata(writer)
    weights = _add_tensors(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    header = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(-(-header // 32) * 32 + weights)
    return header


def processor_seconds(reader: tuple[str, str], path: Path) -> float:
    """User and system time of one reading in a fresh interpreter."""
    imports, call = reader
    code = TIMED.format(imports=imports, call=call.format(path=str(path)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "header.gguf"
        print(f"header           {write_file(path) / 1e6:7.1f} MB")
        before = [processor_seconds(OURS, path) for _ in range(runs)]
        theirs = processor_seconds(THEIRS, path)
        ours = min(before + [processor_seconds(OURS, path) for _ in range(runs)])
    print(f"workbench.gguf   {ours:7.3f} CPU s")
    print(f"gguf.GGUFReader  {theirs:7.3f} CPU s")
    print(f"ratio            {theirs / ours:7.0f}")


if __name__ == "__main__":
    main()
