"""The bundled model as transformers saves it: a real model that is small, and ends its answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import workbench_guide


def write_guide(folder: Path, kind: Literal["exl2", "exl3"]) -> Path:
    """In 16 bits, which both engines run as well as their own types, under the name of one of them."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = Path(workbench_guide.PATH)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float16)
    model.hf_quantizer = None
    del model.config.quantization_config
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": kind, "bits": 16}
    (folder / "config.json").write_text(json.dumps(config))
    return folder
