"""Vectors of many texts asked for at once, against the same texts one after the other.

    python -m tests.benchmarks.embeddings

On two models of random weights: the geometry of all-MiniLM-L6 and that of Qwen3-Embedding-0.6B with two of
its layers. Rounds of both kinds take turns on one engine. The vectors of both must be the same.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from tests.blueprints.blueprint import Blueprint
from tests.blueprints.parts import Shape
from tests.blueprints.weights import write
from tests.llama_cpp.architectures import bert, qwen3
from workbench.backend import Provider
from workbench.embedding import Vector
from workbench.engine_settings import EngineSettings
from workbench.runtime import open_model

MINI_LM = Shape(
    layers=6, hidden=384, heads=12, kv_heads=12, head_size=32, feed_forward=1536, vocabulary=30522,
    context=512, small="F16", large="F16", file_type=1,
)  # fmt: skip
QWEN3 = Shape(
    layers=2, hidden=1024, heads=16, kv_heads=8, head_size=128, feed_forward=3072, vocabulary=151_669,
    context=4096, small="Q8_0", large="Q8_0", file_type=7, tied=True,
)  # fmt: skip
MODELS: dict[str, tuple[Callable[[Shape], Blueprint], Shape, int]] = {
    "all-MiniLM-L6": (bert, MINI_LM, 1),
    "Qwen3-Embedding, 2 layers": (qwen3, QWEN3, 3),
}
"""The architecture, its shape and its pooling."""

COUNT = 32
LENGTHS = (8, 32, 128)
ROUNDS = 3


async def at_once(model: Provider, texts: Sequence[str]) -> list[Vector]:
    return list((await model.embed(texts)).vectors)


async def one_by_one(model: Provider, texts: Sequence[str]) -> list[Vector]:
    return [(await model.embed([text])).vectors[0] for text in texts]


def texts_of(length: int) -> list[str]:
    """Of about so many tokens, each a byte, and no two alike."""
    draw = random.Random(length)
    sizes = [max(1, round(length * draw.uniform(0.5, 1.5))) for _ in range(COUNT)]
    return ["".join(draw.choices("abcdefghij", k=size)) for size in sizes]


async def compare(model: Provider, length: int) -> dict[str, float]:
    """Texts per second of either kind, and how much faster all at once is."""
    texts = texts_of(length)
    seconds: dict[str, list[float]] = {"at once": [], "one by one": []}
    for round_number in range(ROUNDS + 1):
        vectors = []
        for name, asked in (("at once", at_once), ("one by one", one_by_one)):
            started = time.perf_counter()
            vectors.append(np.array(await asked(model, texts)))
            if round_number:
                seconds[name].append(time.perf_counter() - started)
        assert (np.sum(vectors[0] * vectors[1], axis=1) > 0.999).all(), "the vectors differ"
    rates = {f"{name}, texts/s": COUNT / median(times) for name, times in seconds.items()}
    return {**rates, "ratio": median(seconds["one by one"]) / median(seconds["at once"])}


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, (architecture, shape, pooling) in MODELS.items():
            blueprint = architecture(shape)
            blueprint.say({"pooling_type": pooling})
            path = write(blueprint, Path(folder) / "model.gguf")
            model = await open_model(str(path), EngineSettings(context_length=512))
            try:
                for length in LENGTHS:
                    figures = await compare(model, length)
                    rounded = {key: round(value, 2) for key, value in figures.items()}
                    print(json.dumps({"model": name, "tokens": length, **rounded}), flush=True)
            finally:
                await model.close()


if __name__ == "__main__":
    asyncio.run(main())
