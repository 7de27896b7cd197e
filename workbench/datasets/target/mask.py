"""Which tokens of a row are trained: those of the assistant's turns, with what ends them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.datasets.target.token_places import Tokens
from workbench.datasets.target.training_example import TrainingExample
from workbench.datasets.target.turns import Rendered, Turn

IGNORED = -100
"""The label of tokens that are not trained, as trainers have it."""


@dataclass(frozen=True, slots=True)
class TokenizedRow:
    """A row as a trainer should see it.

    Attributes:
        weights: For each token how much it counts, 0 where it is only read.
        merged: Turns whose first token begins before them, so that no prompt ends where they begin.
    """

    example: TrainingExample
    rendered: Rendered
    tokens: Tokens
    weights: tuple[float, ...]
    merged: tuple[int, ...] = ()

    @property
    def trained(self) -> int:
        """Tokens that count."""
        return len(self.weights) - self.weights.count(0.0)

    @property
    def labels(self) -> list[int]:
        """The ids of trained tokens, IGNORED in place of all others."""
        pairs = zip(self.tokens.ids, self.weights, strict=True)
        return [id if weight else IGNORED for id, weight in pairs]

    def spans(self) -> Iterator[tuple[Turn, int, int]]:
        """The trained turns, each with its first token and the one after its last."""
        for turn in self.rendered.turns:
            if self.example.weights[turn.message]:
                yield turn, *_span(turn, self.tokens)


def masked(example: TrainingExample, rendered: Rendered, tokens: Tokens) -> TokenizedRow:
    """The row, with the tokens of those turns counting that are to be trained."""
    weights, merged = [0.0] * len(tokens), list[int]()
    for turn in rendered.turns:
        weight = example.weights[turn.message]
        first, beyond = _span(turn, tokens)
        if not weight or first == beyond:
            continue
        weights[first:beyond] = [weight] * (beyond - first)
        if tokens.starts[first] < turn.start:
            merged.append(turn.message)
    return TokenizedRow(example, rendered, tokens, tuple(weights), tuple(merged))


def _span(turn: Turn, tokens: Tokens) -> tuple[int, int]:
    """The tokens that have a character of the turn: the first, and the one after the last."""
    return bisect_right(tokens.ends, turn.start), bisect_left(tokens.starts, turn.end)
