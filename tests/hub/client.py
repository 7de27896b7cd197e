"""The real huggingface_hub in a process of its own, since it reads its environment when it is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PRELUDE = """
import json, sys
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
api = HfApi()

def outcome(call):
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return ""
"""
EPILOGUE = "\nprint(json.dumps(answer))"


def ask_client(program: str, *, endpoint: str, home: Path, **environment: str) -> Any:
    """The JSON value that the program leaves in `answer`; `api` and `outcome(call)` are there already."""
    ours = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "NO_PROXY": "*"}
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    result = subprocess.run(
        [sys.executable, "-c", PRELUDE + program + EPILOGUE],
        env=kept | ours | quiet | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])
