"""The chat templates of a model's folder, wherever its version of transformers put them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.conversion.json_file import Entries, read_object_if_there, read_text

_MAX_BYTES = 4 << 20
_MAX_TEMPLATES = 64
Templates = dict[str, str]


def chat_templates(folder: Path, config: Entries) -> Templates:
    """Templates by name, the usual one under "default". Raises InvalidModel."""
    found = _of_config(config)
    found |= _of_config(read_object_if_there(folder / "chat_template.json"))
    if (folder / "chat_template.jinja").is_file():
        found["default"] = read_text(folder / "chat_template.jinja", _MAX_BYTES)
    for path in sorted((folder / "additional_chat_templates").glob("*.jinja"))[:_MAX_TEMPLATES]:
        found[path.stem] = read_text(path, _MAX_BYTES)
    return found


def describe_templates(writer: Any, templates: Templates) -> None:
    writer.add_chat_template([{"name": name, "template": text} for name, text in templates.items()])


def _of_config(config: Entries) -> Templates:
    if isinstance(config.values.get("chat_template"), str):
        return {"default": config.text("chat_template")}
    named = config.objects("chat_template")[:_MAX_TEMPLATES]
    return {entry.text("name"): entry.text("template") for entry in named if entry.text("template")}
