"""Text cut by tokens: no longer than asked, whole characters only, the beginning of what was given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio

import workbench_guide
from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.models.tokens import truncated
from workbench.runtime import open_model

TEXT = "Ünïcödé and 日本語 😀 again, 👨‍👩‍👧 and more words\n\tin   lines."


@pytest_asyncio.fixture(params=["guide", "bytes"])
async def provider(request: pytest.FixtureRequest, tmp_path: Any) -> AsyncIterator[Provider]:
    script = tmp_path / "x.script.toml"
    script.write_text('[[reply]]\ntext = "x"', encoding="utf-8")
    model = str(workbench_guide.PATH) if request.param == "guide" else str(script)
    opened = await open_model(model, EngineSettings(vocabulary_only=True))
    yield opened
    await opened.close()


async def test_every_cut_is_a_beginning_within_its_tokens(provider: Provider) -> None:
    whole = len(await provider.tokenize(TEXT))
    lengths = []
    for most in range(whole + 2):
        cut = await truncated(provider, TEXT, most)
        assert TEXT.startswith(cut)
        assert len(await provider.tokenize(cut)) <= most
        lengths.append(len(cut))
    assert lengths[0] == 0 and lengths[whole] == len(TEXT)
    assert lengths == sorted(lengths), "more tokens never hold less text"


async def test_what_the_model_begins_with_counts_and_is_not_written(provider: Provider) -> None:
    text = "<|im_start|>user\nHello there"
    for most in range(8):
        cut = await truncated(provider, text, most, special=True)
        assert text.startswith(cut)
        assert len(await provider.tokenize(cut, special=True)) <= max(
            most, len(await provider.tokenize("", special=True))
        )


class Odd(Provider):
    """Tokens are words; the first one may be added, and words may be changed, as some tokenizers do."""

    def __init__(self, first: str = "", space: str = "", lower: bool = False) -> None:
        self.first, self.space, self.lower = first, space, lower

    async def tokenize(self, text: str, *, special: bool = False, add: bool | None = None) -> list[int]:
        words = (self.space + (text.lower() if self.lower else text)).replace(" ", "\0 ").split("\0")
        self.words = [word for word in ([self.first] if special and self.first else []) + words if word]
        return list(range(len(self.words)))

    async def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        return [self.words[token].encode() for token in tokens]

    generate = detokenize = embed = close = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("tokenizer", "special", "cut"),
    [
        (Odd(), False, "One two"),
        (Odd(space=" "), False, "One two"),
        (Odd(first="<s>"), True, "One"),
        (Odd(first="<s>", space=" "), True, "One"),
        (Odd(lower=True), False, "one two"),
    ],
)
async def test_what_tokenizers_add_is_not_part_of_the_text(tokenizer: Odd, special: bool, cut: str) -> None:
    assert await truncated(tokenizer, "One two three", 2, special=special) == cut
