"""Rows a few at a time: not many at once, and not much text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workbench.datasets.row import Row


def batches(rows: Iterable[Row], most_rows: int, most_letters: int) -> Iterator[tuple[list[Row], list[int]]]:
    """All of them in their order, with the letters of each. One row may have more letters than that."""
    batch, letters, all_letters = list[Row](), list[int](), 0
    for row in rows:
        batch.append(row)
        letters.append(_letters(row))
        all_letters += letters[-1]
        if len(batch) == most_rows or all_letters > most_letters:
            yield batch, letters
            batch, letters, all_letters = [], [], 0
    if batch:
        yield batch, letters


def _letters(row: Row) -> int:
    return len(row.text) + sum([len(message.content) for message in row.turns])
