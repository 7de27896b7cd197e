"""`language`: which language each row is in, and rows in others set aside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec

from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation, Surroundings
from workbench.datasets.row import Rejection, Row
from workbench.errors import InvalidRequest

_NO_LANGUAGE = re.compile(r"```.*?(?:```|$)|`[^`\n]*`|https?://\S+", re.DOTALL)
_UNTOLD = "und"
_LEAST_LETTERS = 60


@dataclass
class Language(RowOperation):
    """Tells the language of each row by its ISO 639 code; rows in none of `languages`, if any, are set aside.

    About `most_letters` of what is said are looked at, out of all turns, without code and addresses. Where
    the probability is below `least_certainty`, as of a few words, the language is und, and the row stays
    unless `keep_untold` is false.
    """

    languages: list[str] = field(default_factory=list)
    least_certainty: float = 0.5
    keep_untold: bool = True
    most_letters: int = 300

    def begin(self, surroundings: Surroundings) -> None:
        """Raises InvalidRequest for a language that is not known, and for numbers that mean nothing."""
        if not 0 <= self.least_certainty <= 1 or self.most_letters < 1:
            raise InvalidRequest(
                "The least_certainty or most_letters of language means nothing.",
                "Give a probability from 0 to 1, and letters from 1 on.",
            )
        self._wanted = {name.lower() for name in self.languages}
        if unknown := sorted(self._wanted - {*_identifier().labels, _UNTOLD} if self._wanted else ()):
            raise InvalidRequest(
                f"The language {unknown[0]!r} is not known.",
                "Name languages by ISO 639 codes, as en, de or zh.",
            )

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        language = self._language(row)
        stays = self.keep_untold if language == _UNTOLD else language in self._wanted
        if self._wanted and not stays:
            return Rejection("language", f"Its language is {language}.")
        return msgspec.structs.replace(row, language=language)

    def _language(self, row: Row) -> str:
        said = " ".join(_pieces(row, self.most_letters))
        language, certainty = _identifier().classify(said)
        return language if certainty >= self.least_certainty and language != "zxx" else _UNTOLD


def _pieces(row: Row, letters: int) -> Iterator[str]:
    """As much of each turn."""
    texts = [message.content for message in row.turns if message.role in ("user", "assistant")] or [row.text]
    share = max(letters // len(texts), _LEAST_LETTERS)
    for text in texts[: -(-letters // share)]:
        yield _NO_LANGUAGE.sub(" ", text[: 4 * share])[:share]


@cache
def _identifier() -> Any:
    """Of all languages, giving probabilities; the first one takes most of a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
