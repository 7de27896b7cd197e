"""`openai`: rows for fine-tuning services that speak OpenAI's form. Arguments of calls are JSON text."""

from __future__ import annotations

from typing import Any

from workbench.datasets.export_format import ExportFormat
from workbench.datasets.images import is_address, is_embedded
from workbench.datasets.plain import plain_row
from workbench.datasets.row import Rejection, Row
from workbench_recipes.formats.lines import line


class OpenAI(ExportFormat):
    """JSONL: `messages` and `tools`; of pairs `input`, `preferred_output` and `non_preferred_output`."""

    kinds = ("chat", "preference")

    def encode(self, row: Row) -> bytes | Rejection:
        if any(0 < weight < 1 for weight in row.weights):
            return Rejection("format", "OpenAI learns an answer or does not; there are no weights between.")
        if any(not is_address(image.source) and not is_embedded(image.source) for image in row.images):
            return Rejection(
                "format", "OpenAI takes images by address or in the row: images.store = 'embed'."
            )
        told = _accepted(plain_row(row, arguments_as_text=True))
        if row.kind == "chat":
            return line(told)
        asked = {"messages": told["prompt"]} | ({"tools": told["tools"]} if row.tools else {})
        return line(
            {
                "input": asked,
                "preferred_output": told["chosen"],
                "non_preferred_output": told["rejected"],
            }
        )


def _accepted(told: dict[str, Any]) -> dict[str, Any]:
    """Without reasoning and the like, which have no place in this form: its validators refuse them."""
    for name in ("messages", "prompt", "chosen", "rejected"):
        for message in told.get(name, ()):
            message.pop("reasoning_content", None)
            if message["role"] == "tool":
                message.pop("name", None)
    for tool in told.get("tools", ()):
        tool["function"].pop("return", None)
    return told
