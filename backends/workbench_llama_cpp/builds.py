"""The commands that install llama.cpp for a kind of device: built here, or as a ready wheel.

The one place where they stand; the README repeats them. Knows no device that is really there.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

REQUIREMENT = "llama-cpp-python>=0.3.36,<0.3.37"
WHEELS = "https://abetlen.github.io/llama-cpp-python/whl/"
FLAGS = {
    "cpu": "",
    "cuda": "-DGGML_CUDA=on",
    "hip": "-DGGML_HIP=on",
    "vulkan": "-DGGML_VULKAN=on",
    "metal": "-DGGML_METAL=on",
    "rpc": "-DGGML_RPC=on",
}
UV = "uv pip install --no-cache --reinstall-package llama-cpp-python"
PIP = "pip install --no-cache-dir --force-reinstall --no-deps"
_COMPILERS = {"cuda": "nvcc", "hip": "hipcc", "vulkan": "glslc"}
_COMPILER_FOLDERS = ("/usr/local/cuda/bin", "/opt/rocm/bin")
_CUDA_WHEELS = ((13, 2), (13, 0), (12, 5), (12, 4), (12, 3), (12, 2), (12, 1), (11, 8))
_OTHER_WHEELS = {"hip": "rocm72", "vulkan": "vulkan", "metal": "metal"}


def source_build(api: str, installer: str = UV) -> str:
    """The command that builds llama.cpp for that kind of device, with its toolkit installed."""
    flags = f'CMAKE_ARGS="{FLAGS[api]}" ' if FLAGS[api] else ""
    return f'{flags}{installer} "{REQUIREMENT}"'


def ready_wheel(name: str, installer: str = UV) -> str:
    """The command that takes llama-cpp-python's own wheel, and fails where there is none."""
    return f'{installer} --only-binary llama-cpp-python --extra-index-url {WHEELS}{name} "{REQUIREMENT}"'


def install_command(
    api: str, runtime: str = "", find: Callable[[str], str | None] | None = None, prefix: str = sys.prefix
) -> str:
    """What to run in this environment: a build where the toolkit is at hand, else a wheel that fits.

    `runtime` is the newest version of CUDA that the driver runs, such as "12.4"; "" for an unknown one.
    """
    if api not in FLAGS:
        return ""
    installer = _installer(Path(prefix))
    compiler = _COMPILERS.get(api)
    if compiler is None or (find or _find)(compiler):
        return source_build(api, installer)
    wheel = _cuda_wheel(runtime) if api == "cuda" else _OTHER_WHEELS.get(api, "")
    return ready_wheel(wheel, installer) if wheel else source_build(api, installer)


def _cuda_wheel(runtime: str) -> str:
    """The newest wheel that the driver can run; "" where none is known to."""
    numbers = tuple(int(number) for number in runtime.split(".") if number.isdecimal())
    fitting = (f"cu{major}{minor}" for major, minor in _CUDA_WHEELS if (major, minor) <= numbers)
    return next(fitting, "")


def _installer(prefix: Path) -> str:
    """For this environment: uv where uv made it, else pip."""
    python = shlex.quote(str(prefix / "bin" / "python"))
    try:
        made_by_uv = "\nuv = " in (prefix / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        made_by_uv = False
    return f"{UV} --python {python}" if made_by_uv and shutil.which("uv") else f"{python} -m {PIP}"


def _find(compiler: str) -> str | None:
    places = (os.environ.get("PATH", os.defpath), *_COMPILER_FOLDERS)
    return shutil.which(compiler, path=os.pathsep.join(places))
