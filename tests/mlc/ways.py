"""The two ways in which MLC may be installed, each with its double, and a folder that it would run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

SERVER, PACKAGE = (Path(__file__).with_name(name) for name in ("server.py", "package"))
CONFIG = {
    "model_type": "qwen2",
    "quantization": "q4f16_1",
    "context_window_size": 32768,
    "sliding_window_size": -1,
    "prefill_chunk_size": 2048,
    "vocab_size": 151936,
    "model_config": {
        "hidden_size": 896,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
    },
}


def write_folder(folder: Path) -> Path:
    folder.mkdir()
    (folder / "mlc-chat-config.json").write_text(json.dumps(CONFIG))
    (folder / "params_shard_0.bin").write_bytes(bytes(1000))
    return folder


def program_path(place: Path) -> str:
    """The PATH on which `mlc_llm` is, which is written there."""
    program = place / "bin" / "mlc_llm"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {SERVER} "$@"\n')
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"
