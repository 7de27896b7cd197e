"""How an encoder makes one vector of a text's many, as sentence-transformers saves it beside the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf

from workbench.conversion.json_file import Entries, read_object, read_text
from workbench.errors import InvalidModel, Unsupported

_MODES = {
    "pooling_mode_mean_tokens": gguf.PoolingType.MEAN,
    "pooling_mode_cls_token": gguf.PoolingType.CLS,
    "pooling_mode_lasttoken": gguf.PoolingType.LAST,
}
_BY_NAME = {
    "mean": "pooling_mode_mean_tokens",
    "cls": "pooling_mode_cls_token",
    "lasttoken": "pooling_mode_lasttoken",
}
_CHANGES_NOTHING = ("Transformer", "Normalize")


def describe_pooling(writer: Any, folder: Path) -> list[str]:
    """Put it into the GGUFWriter where the folder says it; returns what is not kept, in sentences.

    Raises InvalidModel or Unsupported.
    """
    notes = []
    for module in _modules(folder):
        kind = module.text("type").rpartition(".")[2]
        if kind == "Pooling":
            writer.add_pooling_type(_mode(_config_of(folder, module.text("path"))))
        elif kind not in _CHANGES_NOTHING:
            notes.append(f"The vectors lack what sentence-transformers' {kind} does to them.")
    return notes


def _modules(folder: Path) -> list[Entries]:
    if not (folder / "modules.json").is_file():
        return []
    try:
        modules = json.loads(read_text(folder / "modules.json"))
    except (ValueError, RecursionError) as error:
        raise InvalidModel(f"modules.json is not sound JSON: {error}.", "Fetch the model again.") from error
    return Entries("modules.json", {"modules": modules}).objects("modules")


def _config_of(folder: Path, name: str) -> Entries:
    if not name or Path(name).name != name:
        raise InvalidModel(f"modules.json names {name!r}, which is no folder of this one.", "Do not use it.")
    return read_object(folder / name / "config.json")


def _mode(config: Entries) -> Any:
    chosen = [mode for mode in _MODES if config.values.get(mode) is True]
    chosen = chosen or [_BY_NAME.get(config.text("pooling_mode"), "")]
    if len(chosen) != 1 or chosen[0] not in _MODES:
        raise Unsupported(
            "This way of pooling is not known.", "Known are mean, cls and last token, one of them."
        )
    return _MODES[chosen[0]]
