"""Where things live on this machine: one function for each folder, asked anew each time.

WORKBENCH_HOME puts everything under one folder, for portable use. No folder is made here, and nothing is
known of what is kept in them.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import PlatformDirs

_PLATFORM = PlatformDirs("workbench", appauthor=False)


def _folder(name: str, usual: str) -> Path:
    home = os.environ.get("WORKBENCH_HOME")
    return Path(home).expanduser() / name if home else Path(usual)


def data_folder() -> Path:
    """What a person would miss: conversations, models, measurements."""
    return _folder("data", _PLATFORM.user_data_dir)


def config_folder() -> Path:
    return _folder("config", _PLATFORM.user_config_dir)


def cache_folder() -> Path:
    """What can be made again."""
    return _folder("cache", _PLATFORM.user_cache_dir)


def log_folder() -> Path:
    return _folder("log", _PLATFORM.user_log_dir)


def runtime_folder() -> Path:
    """Sockets of running processes: where the system has a folder of the user's own for that, it is there."""
    own = os.environ.get("XDG_RUNTIME_DIR")
    return _folder("runtime", f"{own}/workbench" if own else str(cache_folder() / "runtime"))


def models_folder() -> Path:
    return data_folder() / "models"


def history_file() -> Path:
    return data_folder() / "history.sqlite3"


def profiles_folder() -> Path:
    return data_folder() / "profiles"


def presets_file() -> Path:
    return config_folder() / "presets.toml"


def keys_file() -> Path:
    return config_folder() / "keys.json"


def audit_file() -> Path:
    return data_folder() / "audit.jsonl"
