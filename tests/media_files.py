"""Images and sounds as files, made of noise: the same seed gives the same bytes."""

from __future__ import annotations

import io
import wave

import numpy as np
from PIL import Image


def png(seed: int = 1, width: int = 90, height: int = 60) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def wav(seed: int = 1, seconds: float = 0.5, rate: int = 16_000) -> bytes:
    samples = np.random.default_rng(seed).integers(-9000, 9000, int(seconds * rate), np.int16)
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return stream.getvalue()
