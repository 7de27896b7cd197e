"""Writes models of random weights: a header as the model's, a vocabulary of numbers, and noise.

The noise is short and comes again and again, but every weight has bytes of its own in the file: reading them
takes the same memory as reading a model's. Knows nothing of what is measured on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workbench.errors import InvalidModel, NoSpace, error_of_kind
from workbench.gguf import Header, TensorInfo
from workbench.ports import StandIns
from workbench_llama_cpp.estimating.skeleton import described
from workbench_llama_cpp.frames import Refused
from workbench_llama_cpp.header_bytes import TYPE_NUMBERS, header_bytes, numbers, padded, texts
from workbench_llama_cpp.job_process import JobProcess
from workbench_llama_cpp.standing_in import messages
from workbench_llama_cpp.standing_in.cutting import first_layers

_PIECE = 8 << 20
_STRIDE = 131
"""Blocks by which each tensor begins further into the noise than the one before."""
_ONES, _FADING = b"\0\0\x80\x3f", b"\0\0\x00\xbf"
"""1 and -0.5 as floats: scales leave things as they are, and states of recurrent layers fade."""
_CONTROL, _NORMAL = 3, 1


class LlamaCppStandIns(StandIns):
    """Starts its process when it first needs noise, and keeps what that made."""

    def __init__(self) -> None:
        self._worker = JobProcess("workbench_llama_cpp.standing_in.worker", "made random weights")
        self._noise: dict[int, bytes] = {}

    def shortened(self, header: Header, layers: int) -> Header:
        return first_layers(header, layers)

    def write(self, header: Header, target: Path) -> None:
        types = {TYPE_NUMBERS[tensor.type] for tensor in header.tensors}
        self._make(types - self._noise.keys())
        try:
            with open(target, "wb") as file:
                file.write(_head(header))
                for place, tensor in enumerate(header.tensors):
                    for piece in self._content(tensor, place):
                        file.write(piece)
                    file.write(bytes(padded(tensor.size_bytes, header.alignment) - tensor.size_bytes))
        except OSError as error:
            raise NoSpace(
                f"A stand-in of {header.weights_bytes / 2**30:.1f} GiB cannot be written: {error.strerror}.",
                "Make room in memory or on the disk.",
            ) from error

    def close(self) -> None:
        self._worker.close()

    def _make(self, types: set[int]) -> None:
        if not types:
            return
        refusals: list[Refused] = []

        def take(body: bytes | None) -> bool:
            match None if body is None else messages.reply(body):
                case messages.Noise(blocks):
                    self._noise |= {number: _long(noise) for number, noise in blocks.items()}
                    return True
                case Refused() as refusal:
                    refusals.append(refusal)
                    return True
            return False

        self._worker.run(messages.MakeNoise(tuple(sorted(types))), take)
        for refusal in refusals:
            raise error_of_kind(refusal.kind, refusal.message, refusal.remedy)

    def _content(self, tensor: TensorInfo, place: int) -> Iterator[memoryview]:
        left, noise = tensor.size_bytes, self._noise[TYPE_NUMBERS[tensor.type]]
        if tensor.type.name == "F32" and (value := _told(tensor.name)):
            noise = value * (_PIECE // 4)
        start = place * _STRIDE * tensor.type.block_bytes % (len(noise) - _PIECE // 2)
        while left > 0:
            piece = memoryview(noise)[start : start + left]
            yield piece
            left, start = left - len(piece), 0


def _long(noise: bytes) -> bytes:
    """Repeated, so that few pieces make a tensor."""
    return noise * (_PIECE // len(noise) + 1)


def _told(name: str) -> bytes | None:
    """What weights of that name are where their sign or size matters."""
    if "norm" in name or name.startswith(("rope_freqs", "rope_factors")):
        return _ONES
    return _FADING if name.endswith("ssm_a") else None


def _head(header: Header) -> bytes:
    described_as = dict(described(header))
    size = described_as.get(f"{header.architecture}.vocab_size") or _embeddings(header)
    if not isinstance(size, int) or size < 4:
        raise InvalidModel(f"{header.source_name} has no vocabulary.", "Get it from another source.")
    described_as["tokenizer.ggml.model"] = "llama"
    tokens = ("<unk>", "<s>", "</s>", *(f"{number:x}" for number in range(size - 3)))
    vocabulary = (
        texts("tokenizer.ggml.tokens", tokens),
        numbers("tokenizer.ggml.token_type", [_CONTROL] * 3 + [_NORMAL] * (size - 3)),
    )
    return header_bytes(described_as, header.tensors, header.alignment, vocabulary)


def _embeddings(header: Header) -> int:
    """Rows of the token embedding, one for each token."""
    shapes = (tensor.shape for tensor in header.tensors if tensor.name == "token_embd.weight")
    return next((shape[1] for shape in shapes if len(shape) == 2), 0)
