"""Builds ggml's RPC as a plugin for the llama.cpp that is installed, where that was built without.

The source archive of llama-cpp-python has it, in two files that compile in seconds, so that nothing else need
be built anew. On Linux only: elsewhere ggml's libraries are found another way.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from workbench.errors import EngineUnavailable, WorkbenchError
from workbench_llama_cpp.builds import install_command
from workbench_llama_cpp.ggml import library_file, own_plugins, plugin_name

SOURCE = "WORKBENCH_LLAMA_CPP_SOURCE"
"""The environment variable that names the unpacked source archive, where there is no network."""
_FLAGS = (
    *("-O2", "-std=c++17", "-fPIC", "-shared", "-pthread"),
    *("-DGGML_BACKEND_DL", "-DGGML_BACKEND_SHARED", "-DGGML_BACKEND_BUILD"),
)
_ENDINGS = (".h", ".cpp")


def install(folder: Path | None = None) -> Path:
    """The plugin in the folder, by default the one that ggml.backend looks through; built if not there.

    Raises EngineUnavailable where something is lacking, and WorkbenchError for a build that fails.
    """
    folder = folder or own_plugins()
    target = folder / plugin_name("rpc")
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not target.is_file():
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                built = Path(scratch) / target.name
                _compile(_compiler(), source_part(Path(scratch), "ggml", _ENDINGS), built)
                built.replace(target)
    return target


def source_part(scratch: Path, folder: str, endings: tuple[str, ...]) -> Path:
    """A folder of llama.cpp in the source archive, which is fetched into `scratch` where none is named."""
    named = os.environ.get(SOURCE)
    whole = Path(named) if named else _unpacked(_downloaded(scratch), folder, endings)
    return whole / "vendor/llama.cpp" / folder


def _compiler() -> str:
    if platform.system() != "Linux":
        raise EngineUnavailable(
            "RPC can be added to a llama.cpp that is there on Linux only.",
            f"Build llama.cpp with it: {install_command('rpc')}",
        )
    for name in (os.environ.get("CXX", ""), "c++", "g++", "clang++"):
        if name and shutil.which(name):
            return name
    raise EngineUnavailable("There is no C++ compiler here.", "Install g++ or clang++.")


def _downloaded(scratch: Path) -> Path:
    if find_spec("pip"):
        pip = [sys.executable, "-m", "pip"]
    elif shutil.which("uv"):
        pip = ["uv", "tool", "run", "pip"]
    else:
        raise EngineUnavailable(
            "There is neither pip nor uv here to fetch the source of llama.cpp.",
            f"Install one, or name the unpacked source of llama-cpp-python in {SOURCE}.",
        )
    fetch = (*pip, "download", "--quiet", "--no-deps", "--no-binary=llama-cpp-python", "--dest", str(scratch))
    _run(
        [*fetch, f"llama-cpp-python=={version('llama-cpp-python')}"],
        "The source of llama.cpp cannot be fetched",
        f"Check the network, or name the unpacked source of llama-cpp-python in {SOURCE}.",
    )
    return next(scratch.glob("llama_cpp_python-*.tar.gz"))


def _unpacked(archive: Path, folder: str, endings: tuple[str, ...]) -> Path:
    with tarfile.open(archive) as files:
        for member in files:
            if f"/vendor/llama.cpp/{folder}/" in member.name and member.name.endswith(endings):
                files.extract(member, archive.parent, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


def _compile(compiler: str, source: Path, target: Path) -> None:
    files = [str(source / "src/ggml-rpc" / name) for name in ("ggml-rpc.cpp", "transport.cpp")]
    headers = [f"-I{source / 'include'}", f"-I{source / 'src'}"]
    command = [compiler, *_FLAGS, *headers, *files, str(library_file("ggml-base")), "-o", str(target)]
    _run(command, "ggml's RPC cannot be compiled", "Try another compiler, named in CXX.")


def _run(command: list[str], failure: str, remedy: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        said = next((line for line in reversed(done.stdout.splitlines()) if line.strip()), "no reason given")
        raise WorkbenchError(f"{failure}: {said.strip()[:300].rstrip('.')}.", remedy)
