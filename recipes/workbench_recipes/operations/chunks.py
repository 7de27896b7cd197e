"""`chunks`: documents cut where their headings and paragraphs end, into rows that fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation, Surroundings
from workbench.datasets.row import Origin, Rejection, Row
from workbench.datasets.target.operation import Borrower
from workbench.errors import InvalidRequest
from workbench_recipes.blocks import PAGE_BREAK, Block, blocks_of
from workbench_recipes.cutting import Sizes, cut

_HEADED = ("markdown", "html", "docx")
_GAP = "\n\n"


@dataclass
class Chunks(Borrower, RowOperation):
    """Cuts texts into chunks of at most `most_characters`, and of `most_tokens` of the model if not 0.

    A chunk ends at a paragraph, or at a heading once it has `full` of what it may have; only longer
    paragraphs are cut, at lines, sentences or words. Nothing is in two chunks. Each tells its pages, the
    headings that it stands under, and which of how many it is.
    """

    most_characters: int = 6000
    most_tokens: int = 0
    full: float = 0.25

    def begin(self, surroundings: Surroundings) -> None:
        """Raises InvalidRequest for chunks without room, and where tokens are counted without a model."""
        if self.most_characters < 1 or self.most_tokens < 0:
            raise InvalidRequest("A chunk must have room for text.", "Give a larger most_characters.")
        if self.most_tokens and surroundings.model is None:
            raise InvalidRequest("Tokens cannot be counted without a model.", "Name it with --model.")
        if self.most_tokens and surroundings.model:
            self.borrow(surroundings.model)

    def apply(self, row: Row, findings: Findings) -> Row | Rejection | Sequence[Row]:
        if row.kind != "text":
            return row
        blocks = list(blocks_of(row.text, headed=row.meta.get("format") in _HEADED))
        blocks = _fitting(blocks, self.most_characters, _letters)
        if self.most_tokens:
            blocks = _fitting(blocks, self.most_tokens, self._tokens)
        chunks = list(self._packed(blocks))
        if not chunks:
            return Rejection("no-text", "It holds no text.")
        return list(_rows(row, chunks))

    def _packed(self, blocks: Sequence[Block]) -> Iterator[Sequence[Block]]:
        budgets, start = self._budgets(blocks), 0
        held = [0] * len(budgets)
        for place, block in enumerate(blocks):
            over = any(sizes[place] > most - has for has, (most, sizes) in zip(held, budgets, strict=True))
            full = any(has >= self.full * most for has, (most, _) in zip(held, budgets, strict=True))
            if place > start and (over or (full and block.level)):
                end = start + _without_headings(blocks[start:place])
                yield blocks[start:end]
                start = end
                held = [sum(sizes[start:place]) for _, sizes in budgets]
            held = [has + sizes[place] for has, (_, sizes) in zip(held, budgets, strict=True)]
        if blocks:
            yield blocks[start:]

    def _budgets(self, blocks: Sequence[Block]) -> list[tuple[int, list[int]]]:
        """In characters and in tokens: what a chunk may have, and what each block and its gap take of it."""
        texts = [block.text for block in blocks]
        counted = [(self.most_characters, _letters)]
        if self.most_tokens:
            counted.append((self.most_tokens, self._tokens))
        found = list[tuple[int, list[int]]]()
        for most, sizes in counted:
            gap, *lengths = sizes([_GAP, *texts])
            found.append((most + gap, [length + gap for length in lengths]))
        return found

    def _tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(ids) for ids in self.lent.target.vocabulary.ids(texts, add=False)]


def _fitting(blocks: Sequence[Block], most: int, sizes: Sizes) -> list[Block]:
    """The blocks, those cut that are too long for a chunk that begins with the headings above them."""
    found, above = list[Block](), 0
    gap = sizes([_GAP])[0]
    for block, size in zip(blocks, sizes([block.text for block in blocks]), strict=True):
        room = max(most - above, most // 2, 1)
        pieces = [block.text] if size <= room else cut(block.text, room, sizes)
        found += [replace(block, text=piece) for piece in pieces]
        above = above + size + gap if block.level else 0
    return found


def _letters(texts: Sequence[str]) -> list[int]:
    return [len(text) for text in texts]


def _without_headings(held: Sequence[Block]) -> int:
    """How many blocks stay in the chunk: headings at its end belong to what comes next."""
    count = len(held)
    while count and held[count - 1].level:
        count -= 1
    return count or len(held)


def _rows(row: Row, chunks: Sequence[Sequence[Block]]) -> Iterator[Row]:
    paged = PAGE_BREAK in row.text or row.meta.get("format") == "pdf"
    trail = list[Block]()
    meta = {name: value for name, value in row.meta.items() if name != "empty_pages"}
    for number, blocks in enumerate(chunks, 1):
        told: dict[str, Any] = meta | {"chunk": number, "chunks": len(chunks)}
        line = row.origin.line + number - 1
        if paged:
            line, last = blocks[0].pages[0], blocks[-1].pages[1]
            told["pages"] = [line, last]
        heading = _heading(trail, blocks)
        if heading:
            told["heading"] = heading
        yield msgspec.structs.replace(
            row,
            origin=Origin(row.origin.file, line),
            text=_GAP.join(block.text for block in blocks),
            meta=told,
        )


def _heading(trail: list[Block], blocks: Sequence[Block]) -> str:
    """The headings above the chunk's first text; `trail` then holds those above what comes next."""
    told = ""
    for block in blocks:
        if block.level:
            while trail and trail[-1].level >= block.level:
                trail.pop()
            trail.append(block)
        else:
            told = told or _path(trail) or " "
    return (told or _path(trail)).strip()


def _path(trail: Sequence[Block]) -> str:
    return " > ".join(block.text.lstrip("# ") for block in trail)
