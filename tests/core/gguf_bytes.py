"""Writes GGUF headers byte by byte, sound ones and unsound ones, for the reader's tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import pack

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)


@dataclass
class GgufBytes:
    """The parts of a file in order; `bytes()` of it lays them out. Counts may be claimed falsely."""

    version: int = 3
    order: str = "<"
    entries: list[bytes] = field(default_factory=list)
    tensors: list[bytes] = field(default_factory=list)
    claimed_entries: int | None = None
    claimed_tensors: int | None = None
    alignment: int = 32
    data: bytes = b""

    def text(self, text: str | bytes) -> bytes:
        raw = text.encode() if isinstance(text, str) else text
        return self.pack("Q", len(raw)) + raw

    def pack(self, layout: str, *values: float) -> bytes:
        return pack(self.order + layout, *values)

    def entry(self, key: str | bytes, kind: int, payload: bytes) -> GgufBytes:
        self.entries.append(self.text(key) + self.pack("I", kind) + payload)
        return self

    def array(self, key: str, element: int, count: int, payload: bytes) -> GgufBytes:
        return self.entry(key, ARRAY, self.pack("IQ", element, count) + payload)

    def tensor(
        self, name: str | bytes, shape: tuple[int, ...] = (32,), kind: int = 0, offset: int = 0
    ) -> GgufBytes:
        layout = self.pack("I", len(shape)) + self.pack("Q" * len(shape), *shape)
        self.tensors.append(self.text(name) + layout + self.pack("IQ", kind, offset))
        return self

    def __bytes__(self) -> bytes:
        tensors = len(self.tensors) if self.claimed_tensors is None else self.claimed_tensors
        entries = len(self.entries) if self.claimed_entries is None else self.claimed_entries
        head = b"GGUF" + self.pack("IQQ", self.version, tensors, entries)
        head += b"".join(self.entries) + b"".join(self.tensors)
        return head + bytes(-len(head) % self.alignment) + self.data


def small_file() -> GgufBytes:
    """A sound file with a value of each kind that a header is made of."""
    file = GgufBytes(data=bytes(256))
    file.entry("general.architecture", STRING, file.text("llama"))
    file.entry("llama.context_length", U32, file.pack("I", 4096))
    file.array("tokens", STRING, 3, b"".join(map(file.text, ("<s>", "a", "é"))))
    file.array("scores", F32, 3, file.pack("3f", 0.5, -1, 2))
    file.array(
        "nested", ARRAY, 2, file.pack("IQ2H", U16, 2, 1, 2) + file.pack("IQ", STRING, 1) + file.text("x")
    )
    return file.tensor("first", (8, 4)).tensor("second", (32, 2), kind=1, offset=128)
