"""ggml's RPC as a plugin for the llama.cpp that is installed, built once for each of its versions.

It is kept in a cache folder outside the repository: WORKBENCH_TEST_CACHE, or the user's cache.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import platformdirs

from workbench_llama_cpp.lending.plugin import install


def plugin_folder() -> Path:
    """The folder with the plugin, built now if it is not there. Raises EngineUnavailable for what lacks."""
    named = os.environ.get("WORKBENCH_TEST_CACHE")
    cache = Path(named) if named else platformdirs.user_cache_path("workbench-tests")
    return install(cache / f"ggml-rpc-{version('llama-cpp-python')}").parent
