"""A profile of the bundled model, as tuning would have made it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import workbench_guide
from workbench.tuning.identity import Identity
from workbench.tuning.profile import Profile

GUIDE = str(Path(workbench_guide.PATH).resolve())
NOW = Identity("model", "machine", "engine")
FOUND = {"threads": 1, "threads_batch": 2, "micro_batch": 128, "flash_attention": "off"}


def profile(**others: Any) -> Profile:
    values: dict[str, Any] = {
        "model": "guide",
        "path": GUIDE,
        "size_bytes": Path(GUIDE).stat().st_size,
        "backend": "llama-cpp",
        "identity": NOW,
        "kind": "generation",
        "parallel": 1,
        "context_length": 4096,
        "usual_context": 2048,
        "settings": FOUND,
        "tuned": 1000.0,
        "usual_speed": 100.0,
        "tuned_speed": 112.0,
        "gain": 0.12,
    }
    return Profile(**(values | others))
