"""Files of requests, and what was written for them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def request(name: str, text: str = "one two", **fields: Any) -> dict[str, Any]:
    """A line that asks for a chat completion; `fields` replace its members."""
    body = {"model": "guide", "messages": [{"role": "user", "content": text}], "temperature": 0}
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body} | fields


def write(path: Path, lines: Iterable[dict[str, Any] | str]) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
