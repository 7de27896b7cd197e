"""Which of the two engines are installed, found out without importing them, and how to get them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

NAMES = ("exllamav3", "exllamav2")
_WITH = {"exllamav3": "torch", "exllamav2": "torch tokenizers"}


def installed(name: str) -> str:
    """The version, or "" where it is not installed."""
    if find_spec(name) is None:
        return ""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def install_command(name: str) -> str:
    return f"pip install {_WITH[name]} {name}"


def how_to_install(name: str) -> str:
    """Neither brings its kernels: they are compiled, so that what compiles them has to be there too."""
    return f"{install_command(name)}; it needs an NVIDIA GPU, the CUDA toolkit and a C++ compiler"
