"""`tokenized` and `packed`: rows as tokens and labels, for trainers that take them as they are.

Labels are -100 where nothing is trained. Tokens come of the operation `tokens`, which asks the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from workbench.datasets.export_format import Exported, ExportFormat
from workbench.datasets.row import Rejection, Row
from workbench.datasets.target.packing import packed, position_ids
from workbench_recipes.formats.lines import file_of, line

_MISSING = Rejection("format", "The row has no tokens; the recipe needs the step `tokens`, and a model.")


class Tokenized(ExportFormat):
    """JSONL of `input_ids`, `attention_mask` and `labels`, one row to a line."""

    kinds = ("chat", "text")

    def encode(self, row: Row) -> bytes | Rejection:
        if row.tokens is None:
            return _MISSING
        return line(_fields(row.tokens.input_ids, row.tokens.labels))

    def configuration(self, exported: Exported) -> Mapping[str, str]:
        held_out = file_of(exported, "valid")
        tests = f"test_datasets:\n{_dataset(held_out)}" if held_out else ""
        return {
            "config.yml": f"""# Put your model in place of BASE_MODEL, then: axolotl train config.yml
base_model: BASE_MODEL
datasets:
{_dataset(file_of(exported, "train"))}{tests}val_set_size: 0
adapter: lora
lora_r: 16
lora_alpha: 32
lora_target_linear: true
micro_batch_size: 1
gradient_accumulation_steps: 8
num_epochs: 3
learning_rate: 0.0002
output_dir: ./out
"""
        }


class Packed(Tokenized):
    """As `tokenized`, but rows to be trained are put together, as many as fit, with the borders between them.

    `position_ids` begin at 0 with each row, and `seq_lens` has the length of each. Rows held out stay apart.
    """

    def encode(self, row: Row) -> bytes | Rejection:
        if row.tokens is None:
            return _MISSING
        return line({"room": row.tokens.room, "ids": row.tokens.input_ids, "labels": row.tokens.labels})

    def finish(self, path: Path) -> None:
        rows = _Rows(path)
        alone = [(number,) for number in range(len(rows))]
        together = [pack.rows for pack in packed(rows.lengths, rows.room)] if path.stem == "train" else alone
        target = path.with_suffix(".packed")
        with open(target, "wb") as file:
            for numbers in together:
                file.write(line(_pack([rows[number] for number in numbers])))
        target.replace(path)

    def configuration(self, exported: Exported) -> Mapping[str, str]:
        return {}


class _Rows:
    """The rows of a file, of which only lengths and places are held."""

    def __init__(self, path: Path) -> None:
        self._path, self._places = path, list[int]()
        self.lengths, self.room = list[int](), 0
        for place, row in self._read():
            self._places.append(place)
            self.lengths.append(len(row["ids"]))
            self.room = max(self.room, row["room"], len(row["ids"]))

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, number: int) -> Any:
        with open(self._path, "rb") as file:
            file.seek(self._places[number])
            return msgspec.json.decode(file.readline())

    def _read(self) -> Iterator[tuple[int, Any]]:
        with open(self._path, "rb") as file:
            place = 0
            for text in file:
                yield place, msgspec.json.decode(text)
                place += len(text)


def _pack(rows: Sequence[Any]) -> dict[str, Any]:
    lengths = [len(row["ids"]) for row in rows]
    ids = [id for row in rows for id in row["ids"]]
    labels = [label for row in rows for label in row["labels"]]
    return {**_fields(ids, labels), "position_ids": position_ids(lengths), "seq_lens": lengths}


def _fields(ids: Sequence[int], labels: Sequence[int]) -> dict[str, Any]:
    return {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels}


def _dataset(file: str) -> str:
    return f"  - path: {file}\n    ds_type: json\n    split: train\n    type:\n"
