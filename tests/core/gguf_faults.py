"""Files that are no sound GGUF, each with one fault, and other files; what the reader says of them."""

from __future__ import annotations

from tests.core.gguf_bytes import ARRAY, BOOL, STRING, U8, U32, GgufBytes

HUGE = 2**60


def deep_array(depth: int) -> GgufBytes:
    file = GgufBytes()
    inner = file.pack("IQ", U8, 0)
    for _ in range(depth - 1):
        inner = file.pack("IQ", ARRAY, 1) + inner
    return file.entry("deep", ARRAY, inner)


def with_alignment(kind: int, layout: str, value: int) -> GgufBytes:
    file = GgufBytes()
    return file.entry("general.alignment", kind, file.pack(layout, value))


HOSTILE: dict[str, tuple[GgufBytes, str]] = {
    "version 1": (GgufBytes(version=1), "GGUF version 1;"),
    "version 4": (GgufBytes(version=4), "GGUF version 4;"),
    "version 0": (GgufBytes(version=0), "GGUF version 0;"),
    "2^60 tensors": (GgufBytes(claimed_tensors=HUGE), f"claims {HUGE} tensors"),
    "2^60 metadata entries": (GgufBytes(claimed_entries=HUGE), f"claims {HUGE} metadata entries"),
    "more tensors than there are": (
        GgufBytes(claimed_tensors=9).tensor("a"),
        "inside the description of tensor 2 of 9",
    ),
    "more entries than there are": (
        GgufBytes(claimed_entries=9, alignment=1).entry("a", BOOL, b"\1"),
        "inside metadata entry 2 of 9",
    ),
    "a key past the end": (GgufBytes(entries=[GgufBytes().pack("Q", HUGE)]), "inside metadata entry 1 of 1"),
    "a string past the end": (
        GgufBytes().entry("key", STRING, GgufBytes().pack("Q", 2**64 - 1)),
        "inside the value of 'key'",
    ),
    "an array of 2^60 strings": (GgufBytes().array("key", STRING, HUGE, b""), f"claims {HUGE} elements"),
    "an array of 2^60 numbers": (GgufBytes().array("key", U32, HUGE, b""), f"claims {HUGE} elements"),
    "an array of 2^60 arrays": (GgufBytes().array("key", ARRAY, HUGE, b""), f"claims {HUGE} elements"),
    "an array string past the end": (
        GgufBytes().array("key", STRING, 2, GgufBytes().pack("QQ", 2**64 - 1, 0)),
        "inside the value of 'key'",
    ),
    "the last array string past the end": (
        GgufBytes().array("key", STRING, 1, GgufBytes().pack("Q", 100)),
        "inside the value of 'key'",
    ),
    "arrays 1,000 deep": (deep_array(1000), "nests arrays too deep"),
    "too many arrays in an array": (
        GgufBytes().array("key", ARRAY, 70_000, bytes(12 * 70_000)),
        "nests arrays too deep or too often",
    ),
    "an unknown value type": (GgufBytes().entry("key", 13, bytes(8)), "unknown value type 13"),
    "an unknown element type": (GgufBytes().array("key", 99, 1, bytes(8)), "unknown element type 99"),
    "the same key twice": (
        GgufBytes().entry("key", BOOL, b"\0").entry("key", BOOL, b"\0"),
        "metadata key 'key' twice",
    ),
    "a key of 65,536 bytes": (GgufBytes().entry("k" * 65_536, BOOL, b"\0"), "a text of 65536 bytes"),
    "an empty key": (GgufBytes().entry("", BOOL, b"\0"), "an empty name"),
    "a key with a NUL": (GgufBytes().entry("a\0b", BOOL, b"\0"), r"a NUL in it, 'a\\x00b'"),
    "a key that is not text": (GgufBytes().entry(b"\xff\xfe", BOOL, b"\0"), "a name that is not UTF-8"),
    "alignment 0": (with_alignment(U32, "I", 0), "general.alignment of 0"),
    "alignment 48": (with_alignment(U32, "I", 48), "general.alignment of 48"),
    "alignment true": (with_alignment(BOOL, "B", 1), "no whole number"),
    "the same tensor twice": (GgufBytes().tensor("t").tensor("t", offset=128), "tensor 't' twice"),
    "a tensor without a name": (GgufBytes().tensor(""), "an empty name"),
    "a tensor with a NUL": (GgufBytes().tensor("t\0"), "a NUL in it"),
    "five dimensions": (GgufBytes().tensor("t", (1,) * 5), "5 dimensions"),
    "2^32 - 1 dimensions": (
        GgufBytes(tensors=[GgufBytes().text("t") + GgufBytes().pack("I", 2**32 - 1)]),
        "4294967295 dimensions",
    ),
    "a shape that overflows": (GgufBytes().tensor("t", (2**32, 2**32)), "too large for any memory"),
    "a negative dimension": (GgufBytes().tensor("t", (2**64 - 1,)), "too large for any memory"),
    "a negative dimension beside a 0": (GgufBytes().tensor("t", (0, 2**63)), "too large for any memory"),
    "half a block": (GgufBytes().tensor("t", (48, 2), kind=2), "rows of 48; Q4_0 needs a multiple of 32"),
    "a withdrawn type": (GgufBytes().tensor("t", kind=31), "as Q4_0_4_4, a type that has been withdrawn"),
    "an unknown type": (GgufBytes().tensor("t", kind=4096), "as type 4096"),
    "a misaligned tensor": (GgufBytes().tensor("t", offset=8), "off its alignment of 32"),
    "overlapping tensors": (
        GgufBytes().tensor("a").tensor("b", offset=96),
        "the tensors 'a' and 'b' overlap",
    ),
    "a tensor past any file": (GgufBytes().tensor("t", offset=2**63), "past the end of any file"),
}

OTHER_FILES: tuple[tuple[bytes, str], ...] = (
    (b"", "is empty"),
    (b"\x08\x01\0\0\0\0\0\0" + b'{"__metadata__":', "a safetensors file"),
    (b"PK\x03\x04\x14\0", "a zip archive"),
    (b"\x80\x02ctorch", "a Python pickle"),
    (b"<!DOCTYPE html><html>", "a web page"),
    (b"<html lang='en'>", "a web page"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer"),
    (b"tjgg\x03\0\0\0", "came before GGUF"),
    (b"fmgg\x03\0\0\0", "came before GGUF"),
    (b"lmgg\x03\0\0\0", "came before GGUF"),
    (b"\x1f\x8b\x08\0", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd\x24", "a Zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b'{"error": "not found"}', "a JSON file"),
    (bytes(4096), "its first bytes are zeros"),
    (b"\x7fELF\2\1", "beginning with the bytes 7f 45 4c 46"),
)
"""What other files begin with, and what is said of them."""
