"""Which build of llama.cpp is installed, read from what the installer and CMake wrote down beside it.

The installer records a hash of every shared library, so builds of one version with other flags or another
compiler are told apart without reading, let alone loading, a library.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from pathlib import Path

from workbench.engine_device import Build
from workbench_llama_cpp.ggml import plugin_folders

_LIBRARY = re.compile(r"^llama_cpp/lib/[^/]+\.(so|dylib|dll)([.\d]*)$")
_COMMIT = re.compile(r"set\(LLAMA_BUILD_COMMIT +([0-9a-f]{7,40})\)")
_KINDS = re.compile(r'set\(GGML_AVAILABLE_BACKENDS "([^"]*)"\)')
_SWITCHED_ON = re.compile(r'set\(GGML_(NATIVE|OPENMP|LLAMAFILE|BLAS|AVX\w*|CPU_ALL_VARIANTS) "ON"\)')


def installed_build() -> Build:
    """Takes a few milliseconds. Nothing is told where llama.cpp is not installed."""
    try:
        installed = distribution("llama-cpp-python")
    except PackageNotFoundError:
        return Build()
    built, commit = _config(installed, "ggml"), _COMMIT.search(_config(installed, "llama"))
    kinds = _KINDS.search(built)
    return Build(
        id=_fingerprint(installed),
        commit=commit[1] if commit else "",
        flags=(*(kinds[1].split(";") if kinds else ()), *_SWITCHED_ON.findall(built)),
    )


def _fingerprint(installed: Distribution) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(_files(installed)):
        if _LIBRARY.match(str(file)):
            digest.update(
                f"{file} {file.hash.value if file.hash else _stamp(Path(str(file.locate())))}\n".encode()
            )
    for plugin in _plugins():
        digest.update(f"{plugin.name} {_stamp(plugin)}\n".encode())
    return digest.hexdigest()


def _files(installed: Distribution) -> list[PackagePath]:
    return installed.files or []


def _plugins() -> Iterator[Path]:
    for folder in plugin_folders():
        yield from sorted(folder.glob("*ggml-*"))


def _stamp(file: Path) -> str:
    try:
        state = file.stat()
    except OSError:
        return ""
    return f"{state.st_size} {state.st_mtime_ns}"


def _config(installed: Distribution, name: str) -> str:
    """The file in which CMake says how this part was built; "" where the package has none."""
    for file in _files(installed):
        if file.name == f"{name}-config.cmake":
            try:
                return Path(str(file.locate())).read_text(errors="replace")
            except OSError:
                return ""
    return ""
