"""Builds ggml's RPC backend as a plugin for the llama.cpp that is installed, once for each of its versions.

The wheel lacks it, but its source archive has it, in two files that compile in seconds. The result is kept in
a cache folder outside the repository: WORKBENCH_TEST_CACHE, or the user's cache. Where there is no network,
WORKBENCH_LLAMA_CPP_SOURCE names the unpacked source archive. Knows no test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import platformdirs
from filelock import FileLock

NAME = "libggml-rpc.so"
_FLAGS = (
    *("-O1", "-std=c++17", "-fPIC", "-shared", "-pthread"),
    *("-DGGML_BACKEND_DL", "-DGGML_BACKEND_SHARED", "-DGGML_BACKEND_BUILD"),
)


class CannotBuild(Exception):
    """This machine lacks something that the build needs; the message says what."""


def plugin_folder() -> Path:
    """The folder with the plugin, built now if it is not there. Raises CannotBuild."""
    folder = _cache() / f"ggml-rpc-{version('llama-cpp-python')}"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / NAME).is_file():
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                _compile(_source(Path(scratch)), Path(scratch) / NAME)
                (Path(scratch) / NAME).replace(folder / NAME)
    return folder


def _cache() -> Path:
    named = os.environ.get("WORKBENCH_TEST_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("workbench-tests")


def _compiler() -> str:
    for name in (os.environ.get("CXX", ""), "c++", "g++", "clang++"):
        if name and shutil.which(name):
            return name
    raise CannotBuild("there is no C++ compiler: install g++ or clang++")


def _source(scratch: Path) -> Path:
    """The folder of ggml within the source archive of the installed llama-cpp-python."""
    _compiler()  # not worth a download without one
    return source_part(scratch, "ggml", (".h", ".cpp"))


def source_part(scratch: Path, folder: str, endings: tuple[str, ...]) -> Path:
    """A folder of llama.cpp within that archive, which is fetched into `scratch` where none is named."""
    named = os.environ.get("WORKBENCH_LLAMA_CPP_SOURCE")
    whole = Path(named) if named else _unpacked(_downloaded(scratch), folder, endings)
    return whole / "vendor/llama.cpp" / folder


def _downloaded(scratch: Path) -> Path:
    if find_spec("pip"):
        pip = [sys.executable, "-m", "pip"]
    elif shutil.which("uv"):
        pip = ["uv", "tool", "run", "pip"]
    else:
        raise CannotBuild("there is neither pip nor uv to fetch the source of llama.cpp")
    wanted = f"llama-cpp-python=={version('llama-cpp-python')}"
    _run(
        [
            *pip,
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary=llama-cpp-python",
            "--dest",
            str(scratch),
            wanted,
        ]
    )
    return next(scratch.glob("llama_cpp_python-*.tar.gz"))


def _unpacked(archive: Path, folder: str, endings: tuple[str, ...]) -> Path:
    with tarfile.open(archive) as files:
        for member in files:
            if f"/vendor/llama.cpp/{folder}/" in member.name and member.name.endswith(endings):
                files.extract(member, archive.parent, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


def _compile(ggml: Path, target: Path) -> None:
    import llama_cpp

    base = next(Path(llama_cpp.__file__).parent.glob("lib/libggml-base.so.0"), None)
    if base is None:
        raise CannotBuild("the plugin is built on Linux only")
    sources = [str(ggml / "src/ggml-rpc" / name) for name in ("ggml-rpc.cpp", "transport.cpp")]
    headers = [f"-I{ggml / 'include'}", f"-I{ggml / 'src'}"]
    _run(["nice", "-n", "15", _compiler(), *_FLAGS, *headers, *sources, str(base), "-o", str(target)])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}")


if __name__ == "__main__":
    print(plugin_folder())
