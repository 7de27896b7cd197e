"""The header reader holds its promises on mutated headers, and on the corpus that fuzzing has left."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.corpus import read_corpus
from tests.fuzz.examination import NAME, examine, kind_of
from tests.fuzz.mutation import mutated, seeds
from workbench.errors import InvalidModel
from workbench.gguf import read_header

CORPUS = pytest.mark.parametrize(
    ("data", "sentence"), read_corpus(), ids=[sentence for _, sentence in read_corpus()]
)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_headers(seed: int) -> None:
    dice, starts = random.Random(seed), seeds()
    found = {kind_of(examine(mutated(dice.choice(starts), starts, dice))) for _ in range(1000)}
    assert len(found) > 20


@CORPUS
def test_the_corpus_ends_as_it_did(data: bytes, sentence: str) -> None:
    assert kind_of(examine(data)) == sentence


@CORPUS
def test_the_corpus_ends_so_in_files_too(data: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(data)
    try:
        read_header(path)
        assert sentence == ""
    except InvalidModel as error:
        assert kind_of(error.message) == sentence
