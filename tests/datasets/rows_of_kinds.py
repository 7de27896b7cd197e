"""Twenty rows of every kind, those of chats with calls of tools whose arguments differ from row to row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
ROWS: dict[str, list[dict[str, Any]]] = {
    "chat": [
        {
            "messages": [
                {"role": "user", "content": f"Why {number}?"},
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [
                        {
                            "type": "function",
                            "function": {"name": "look", "arguments": {f"at{number}": [number]}},
                        }
                    ],
                },
                {"role": "tool", "content": "There."},
                {"role": "assistant", "content": "So."},
            ],
            "tools": TOOLS,
        }
        for number in range(20)
    ],
    "preference": [{"prompt": f"Why {n}?", "chosen": "So.", "rejected": "No."} for n in range(20)],
    "kto": [{"prompt": f"Why {n}?", "completion": "So.", "label": n % 2 == 0} for n in range(20)],
    "text": [{"text": f"Text {n}."} for n in range(20)],
}


def write(kind: str, path: Path) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS[kind]))
    return path
