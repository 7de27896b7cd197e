"""Models made smaller, and a text to judge them by."""

from __future__ import annotations

from pathlib import Path

import pytest

import workbench_guide
from workbench.ports import Quantizer
from workbench.quantize_request import QuantizeRequest


@pytest.fixture(scope="session")
def quants(tmp_path_factory: pytest.TempPathFactory, quantizer: Quantizer) -> dict[str, Path]:
    """The bundled model in two types, by their names."""
    folder = tmp_path_factory.mktemp("quants")
    made = {name: folder / f"guide-{name}.gguf" for name in ("Q8_0", "Q2_K")}
    for name, path in made.items():
        request = QuantizeRequest(source=str(workbench_guide.PATH), type=name)
        quantizer.quantize(request, path, lambda done: None)
    return made


@pytest.fixture(scope="session")
def text() -> str:
    """Of the kind that the bundled model knows, long enough for some windows of 128 tokens."""
    sentences = (
        "Fog lay over the water, and Ada waited at the old mill.",
        "The next day Ben found a small key at the harbour.",
        '"I have a letter," said Clara, who felt hopeful.',
        "In spring the birds return to the garden, and Ben ran past it as the bells rang.",
        "In the end Ada and Ben were glad.",
    )
    return " ".join(sentences[number * number % 5] for number in range(60))
