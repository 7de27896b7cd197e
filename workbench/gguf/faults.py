"""The sentences about files that are no sound GGUF. Knows bytes and words, not how a header is read."""

from __future__ import annotations

from workbench.errors import InvalidModel

FETCH_AGAIN = "Download it again, or ask whoever made it for a sound file."

# first bytes in lower case, what such a file is, what to do
_LOOKS: tuple[tuple[bytes, str, str], ...] = (
    (
        b"version https://git-lfs",
        "a Git LFS pointer",
        "Run `git lfs pull` to get the file that it stands for.",
    ),
    (b"pk\x03\x04", "a zip archive, as PyTorch writes them", "Convert the model to GGUF first."),
    (b"\x80\x02", "a Python pickle, as PyTorch writes them", "Convert the model to GGUF first."),
    (b"<!doctype html", "a web page", "Download it again; the link may ask you to log in."),
    (b"<html", "a web page", "Download it again; the link may ask you to log in."),
    (b"tjgg", "a model in the GGML format that came before GGUF", "Get a GGUF of the same model."),
    (b"fmgg", "a model in the GGML format that came before GGUF", "Get a GGUF of the same model."),
    (b"lmgg", "a model in the GGML format that came before GGUF", "Get a GGUF of the same model."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "Unpack it first."),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it first."),
    (b"\x89hdf", "an HDF5 file", "Convert the model to GGUF first."),
    (b"\0\0\0\0", "a download that never began: its first bytes are zeros", "Download it again."),
    (b"{", "a JSON file", "Give the GGUF file itself."),
)


def damaged(name: str, predicate: str, remedy: str = FETCH_AGAIN) -> InvalidModel:
    """The error that says "<name> <predicate>."."""
    return InvalidModel(f"{_printable(name)} {predicate}.", remedy)


def _printable(name: str) -> str:
    """A file's name as it is, unless it holds characters that would steer a terminal."""
    return name if name.isprintable() else ascii(name)


def quoted(text: str) -> str:
    """Text from the file, safe to print: shortened, with control characters escaped."""
    shown = ascii(text[:64])
    return shown if len(text) <= 64 and len(shown) <= 66 else shown[:62] + "...'"


def not_gguf(name: str, start: bytes) -> InvalidModel:
    """The error for a file that begins with `start`, some 32 bytes, and not with the magic."""
    if not start:
        return damaged(name, "is empty", "Download it again.")
    look, remedy = _look_of(start)
    return damaged(name, f"is not a GGUF file: it looks like {look}", remedy)


def _look_of(start: bytes) -> tuple[str, str]:
    if start[8:10] == b'{"':  # eight bytes of length, then JSON
        return "a safetensors file", "Convert the model to GGUF first."
    for magic, look, remedy in _LOOKS:
        if start.lower().startswith(magic):
            return look, remedy
    return f"something else, beginning with the bytes {start[:4].hex(' ')}", "Give a GGUF file."
