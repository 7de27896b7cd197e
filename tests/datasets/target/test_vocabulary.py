"""Tokens are found in their text, whatever tokenizers add to it and leave out of it."""

from __future__ import annotations

import pytest

from tests.datasets.target.conftest import TargetOf
from workbench.datasets.target.token_places import byte_places
from workbench.errors import Unsupported


def parts(text: str, *pieces: str) -> list[str]:
    data = text.encode()
    starts, ends = byte_places(data, [piece.encode() for piece in pieces])
    assert starts == sorted(starts)
    return [data[start:end].decode() for start, end in zip(starts, ends, strict=True)]


@pytest.mark.parametrize(
    ("text", "pieces", "found"),
    [
        ("", [], []),
        ("Hi you", ["Hi", " you"], ["Hi", " you"]),
        ("Hi you", ["<s>", "Hi", " you"], ["", "Hi", " you"]),
        ("Hi you", [" Hi", " you"], ["Hi", " you"]),
        ("Hi", ["<s>", " Hi", "</s>"], ["", "Hi", ""]),
        ("<|user|>\nHi<|end|>\n", ["<|user|>", " Hi", "<|end|>"], ["<|user|>", "Hi", "<|end|>"]),
        ("<|user|>Hi", ["<|user|>", " ", "Hi"], ["<|user|>", "", "Hi"]),
        ("a\u2603b", ["a", "<unk>", "b"], ["a", "\u2603", "b"]),
    ],
)
def test_pieces_have_their_places(text: str, pieces: list[str], found: list[str]) -> None:
    assert parts(text, *pieces) == found


def test_tokens_that_do_not_spell_the_text_are_refused() -> None:
    with pytest.raises(Unsupported, match="do not spell"):
        parts("HELLO there", "hello", "there")


def test_parts_of_a_letter_stand_for_all_of_it(target_of: TargetOf) -> None:
    (tokens,) = target_of("").vocabulary.tokens(["aé🙂<|im_end|>"])
    assert list(zip(tokens.starts, tokens.ends, strict=True)) == [
        (0, 1), (1, 2), (1, 2), (2, 3), (2, 3), (2, 3), (2, 3), (3, 13)
    ]  # fmt: skip
