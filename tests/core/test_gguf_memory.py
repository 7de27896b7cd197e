"""What reading costs in memory, for sound headers and for those made to cost more."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.gguf_bytes import ARRAY, STRING, U8, GgufBytes
from tests.core.gguf_faults import HOSTILE
from workbench.errors import InvalidModel
from workbench.gguf import Array, BytesSource, parse, read_header

MIB = 1 << 20
SPARSE = 300 * MIB
ROOM = 256 * MIB
"""Of address space, for what a reader needs beyond what it has when it is imported."""

READER = """
import json, resource, sys
from workbench.errors import InvalidModel
from workbench.gguf import Array, read_header

def kibibytes(field):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field + ":"))

path, room = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (kibibytes("VmSize") * 1024 + room,) * 2)
before, message = kibibytes("VmHWM"), ""
try:
    metadata = read_header(path).metadata
    first = [value[0] for value in metadata.values() if isinstance(value, Array) and len(value)]
except InvalidModel as error:
    message = error.message
print(json.dumps([message, kibibytes("VmHWM") - before]))
"""


def entries(count: int, add: Callable[[GgufBytes, str], object]) -> bytes:
    file = GgufBytes()
    for number in range(count):
        add(file, f"{number:x}")
    return bytes(file)


def array_of(kind: int, count: int) -> bytes:
    """A header that claims an array of so many elements; the rest of the file is theirs."""
    return bytes(GgufBytes(alignment=1).array("key", kind, count, b""))


def text_of(length: int) -> bytes:
    """A header that claims a text of so many bytes, of which one character needs four in memory."""
    file = GgufBytes(alignment=1)
    return bytes(file.entry("key", STRING, file.pack("Q", length) + "😀".encode()))


# the start of the file, its size where zeros follow, what is said of it, and how many MiB it may cost
COSTLY: dict[str, tuple[Callable[[], bytes], int, str, int]] = {
    "65,536 arrays": (
        lambda: entries(1 << 16, lambda file, key: file.array(key, U8, 1, b"\0")),
        0,
        "",
        48,
    ),
    "65,536 texts": (
        lambda: entries(1 << 16, lambda file, key: file.entry(key, STRING, file.text("x"))),
        0,
        "",
        24,
    ),
    "65,536 tensors": (
        lambda: entries(1 << 16, lambda file, key: file.tensor(key, (), offset=32 * len(file.tensors))),
        0,
        "",
        32,
    ),
    "65,535 arrays in one": (
        lambda: bytes(GgufBytes().array("key", ARRAY, 65_535, GgufBytes().pack("IQ", U8, 0) * 65_535)),
        0,
        "",
        8,
    ),
    "4 million empty strings": (lambda: array_of(STRING, 1 << 22), SPARSE, "", 128),
    "30 million empty strings": (lambda: array_of(STRING, 30 << 20), SPARSE, "strings in arrays", 2),
    "200 MiB of numbers": (lambda: array_of(U8, 200 * MIB), SPARSE, "", 208),
    "a text of 31 MiB": (lambda: text_of(31 * MIB), SPARSE, "", 192),
    "a text of 128 MiB": (lambda: text_of(128 * MIB), SPARSE, "more than is kept", 2),
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("case", COSTLY)
def test_hostile_headers_are_read_in_little_memory(tmp_path: Path, case: str) -> None:
    write, size, sentence, most = COSTLY[case]
    path = tmp_path / "hostile.gguf"
    data = write()
    with path.open("wb") as file:
        file.write(data)
        file.truncate(max(size, len(data)))
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path), str(ROOM)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    message, kibibytes = json.loads(done.stdout)
    assert sentence in message and bool(sentence) == bool(message)
    assert kibibytes <= most * 1024


@pytest.mark.parametrize("case", HOSTILE)
def test_faults_cost_little_memory(case: str) -> None:
    data = bytes(HOSTILE[case][0])
    tracemalloc.start()
    try:
        with pytest.raises(InvalidModel):
            parse(BytesSource(data))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 256 * 1024 + 2 * len(data)


def test_a_large_vocabulary_is_not_held_in_memory(tmp_path: Path) -> None:
    path, file = tmp_path / "large.gguf", GgufBytes()
    file.array("tokens", STRING, 262_144, file.text("token") * 262_144)
    file.array("merges", STRING, 700_000, file.text("to ken") * 700_000)
    path.write_bytes(bytes(file))
    tracemalloc.start()
    try:
        header = read_header(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    tokens = header.metadata["tokens"]
    assert isinstance(tokens, Array) and len(tokens) == 262_144
    assert path.stat().st_size > 13_000_000 and peak < 1_200_000


def test_a_sparse_file_is_not_walked_to_its_end(tmp_path: Path) -> None:
    path, file = tmp_path / "sparse.gguf", GgufBytes()
    head = bytes(file.entry("key", STRING, file.pack("Q", 2**33)))
    with path.open("wb") as out:
        out.write(head)
        out.truncate(2**34)
    with pytest.raises(InvalidModel, match="a header of more than 256 MiB"):
        read_header(path)
