"""A model's configuration in the words that exllamav2 knows.

Since version 5 transformers writes how positions are rotated as `rope_parameters`, which exllamav2 passes
over without a word: it would rotate by the usual base and answer nonsense. Knows nothing of tensors.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.errors import InvalidModel
from workbench_exllama.model_folder import json_object

_SCALINGS = ("default", "linear", "llama3", "yarn", "longrope", "su", "mrope")
_BESIDE = ("rope_theta", "partial_rotary_factor", "original_max_position_embeddings")
"""What stands beside rope_scaling in older configurations, not in it."""


@contextmanager
def readable_folder(folder: Path) -> Iterator[Path]:
    """The folder, or one of links to its files with another config.json. Raises InvalidModel."""
    config = json_object(folder / "config.json")
    flat = flattened(config)
    if flat == config:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="exl2-") as place:
        for path in folder.resolve().iterdir():
            if path.name != "config.json":
                (Path(place) / path.name).symlink_to(path)
        (Path(place) / "config.json").write_text(json.dumps(flat), encoding="utf-8")
        yield Path(place)


def flattened(config: dict[str, Any]) -> dict[str, Any]:
    """The same with rope_theta and rope_scaling. Raises InvalidModel for rotations that exllamav2 has not."""
    parameters = config.get("rope_parameters")
    scaling = parameters if isinstance(parameters, dict) else config.get("rope_scaling")
    if not isinstance(scaling, dict):
        return config
    if any(isinstance(value, dict) for value in scaling.values()):
        raise InvalidModel(
            "The layers of this model rotate positions each in their own way, which exllamav2 cannot read.",
            "Take the EXL3 folder of the model, or a GGUF file.",
        )
    kind = str(scaling.get("rope_type") or scaling.get("type") or "default")
    if kind not in _SCALINGS:
        raise InvalidModel(
            f"exllamav2 does not know positions of the kind {kind}.", "Take EXL3 or a GGUF file."
        )
    beside = {name: scaling[name] for name in _BESIDE if name in scaling and parameters is not None}
    rest = {
        name: value
        for name, value in scaling.items()
        if name not in ("type", "rope_theta", "partial_rotary_factor")
    }
    flat = {name: value for name, value in config.items() if name not in ("rope_parameters", "rope_scaling")}
    scaled = {} if kind == "default" else {"rope_scaling": {**rest, "rope_type": kind}}
    return {**flat, **beside, **scaled}
