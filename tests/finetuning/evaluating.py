"""`workbench recipe evaluate` over the bundled model and one that was tuned, as a person calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.finetuning.lessons import SCHEMA


def evaluated(tuned: Path, rows: Path, regression: Path, home: Path, *, most: int) -> Any:
    """What it tells as JSON, of so many rows of each file at most."""
    done = subprocess.run(
        [
            sys.executable, "-m", "workbench", "recipe", "evaluate", "guide", str(tuned),
            "--data", str(rows / "valid.jsonl"), "--train", str(rows / "train.jsonl"),
            "--regression", str(regression), "--json-schema", json.dumps(SCHEMA),
            "--rows", str(most), "--max-tokens", "80", "--json",
        ],
        env={**os.environ, "WORKBENCH_HOME": str(home / "home")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
