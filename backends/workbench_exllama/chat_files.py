"""What the files of a folder say of conversations: the chat template, and the tokens that it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.errors import InvalidModel
from workbench_exllama.model_folder import json_object

_MOST_BYTES = 1 << 20
_NAMES = ("bos_token", "eos_token", "unk_token", "pad_token")


class ChatFiles:
    """Read when it is made. Raises InvalidModel.

    Attributes:
        template: In Jinja; tool_template stands in for it in conversations with tools, where there is one.
        special_tokens: Texts that it may name.
        adds_first: Whether each text begins with the bos_token, where the tokenizer does not say.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "tokenizer_config.json"
        config = json_object(path) if path.is_file() else {}
        self.special_tokens = {
            name: text for name in _NAMES if (text := _text_of(config.get(name))) is not None
        }
        self.adds_first = config.get("add_bos_token") is True
        templates = _templates(config.get("chat_template")) | _template_file(folder)
        self.template = templates.get("default")
        self.tool_template = templates.get("tool_use")


def _text_of(token: Any) -> str | None:
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else None


def _templates(told: Any) -> dict[str, str]:
    if isinstance(told, str):
        return {"default": told}
    named = told if isinstance(told, list) else []
    return {
        str(one.get("name")): one["template"]
        for one in named
        if isinstance(one, dict) and isinstance(one.get("template"), str)
    }


def _template_file(folder: Path) -> dict[str, str]:
    path = folder / "chat_template.jinja"
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES} bytes")
        return {"default": path.read_text(encoding="utf-8")}
    except (OSError, ValueError) as error:
        raise InvalidModel(f"{path} cannot be read: {error}.", "Fetch the model anew.") from None
