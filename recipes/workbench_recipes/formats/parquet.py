"""`parquet`: rows as columns of Parquet. Tools and arguments are JSON text, images are tags in the text."""

from __future__ import annotations

from pathlib import Path

import msgspec

from workbench.conversation import Message
from workbench.datasets.export_format import ExportFormat
from workbench.datasets.plain import plain_message, plain_row
from workbench.datasets.reading.parquet import connection
from workbench.datasets.row import KINDS, Rejection, Row
from workbench_recipes.formats.lines import line, tagged

_CALL = 'STRUCT(id VARCHAR, type VARCHAR, "function" STRUCT(name VARCHAR, arguments VARCHAR))'
_MESSAGE = (
    f"STRUCT(role VARCHAR, content VARCHAR, reasoning_content VARCHAR, tool_calls {_CALL}[],"
    " tool_call_id VARCHAR, name VARCHAR, weight DOUBLE)[]"
)
_COLUMNS = {
    "messages": _MESSAGE,
    "prompt": _MESSAGE,
    "chosen": _MESSAGE,
    "rejected": _MESSAGE,
    "completion": _MESSAGE,
    "label": "BOOLEAN",
    "text": "VARCHAR",
    "tools": "VARCHAR",
    "images": "VARCHAR[]",
}


class Parquet(ExportFormat):
    """Only the columns that some row fills."""

    kinds = KINDS
    ending = ".parquet"

    def encode(self, row: Row) -> bytes | Rejection:
        told = plain_row(row, arguments_as_text=True)
        index = 0
        for name in ("messages", "prompt", "chosen", "rejected", "completion"):
            messages: tuple[Message, ...] = getattr(row, name)
            for place, message in enumerate(messages):
                if row.images:
                    told[name][place] |= plain_message(message, as_text=True) | {
                        "content": tagged(message, index, row.images)
                    }
                index += 1
        if row.tools:
            told["tools"] = msgspec.json.encode(told["tools"]).decode()
        if row.images:
            told["images"] = [image.source for image in row.images]
        return line(told)

    def finish(self, path: Path) -> None:
        lines = path.with_suffix(".jsonl")
        path.rename(lines)
        columns = ", ".join(f"{name}: '{kind}'" for name, kind in _COLUMNS.items())
        with connection() as database:
            rows = (
                f"read_json(?, format='newline_delimited', columns={{{columns}}},"
                " maximum_object_size=67108864)"
            )
            counts = ", ".join(f"count({name})" for name in _COLUMNS)
            filled = database.execute(f"SELECT {counts} FROM {rows}", [str(lines)]).fetchone()
            kept = ", ".join(name for name, count in zip(_COLUMNS, filled, strict=True) if count) or "text"
            database.execute(
                f"COPY (SELECT {kept} FROM {rows}) TO '{_quoted(path)}' (FORMAT parquet, COMPRESSION zstd)",
                [str(lines)],
            )
        lines.unlink()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
