"""`python -m tests.hub ROOT`: serve ROOT/<organisation>/<name>/ as models until interrupted."""

from __future__ import annotations

import argparse
import threading
from contextlib import suppress
from pathlib import Path

from tests.hub.hub import FakeHub


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.hub", description=__doc__)
    parser.add_argument("root", type=Path, metavar="ROOT")
    parser.add_argument("--port", type=int, default=0, help="port of the hub; any free one if left out")
    parser.add_argument("--rate", type=float, help="bytes per second for each connection")
    parser.add_argument("--url-lifetime", type=float, help="seconds for which a signed address is good")
    options = parser.parse_args()
    hub = FakeHub(port=options.port)
    hub.rate, hub.url_lifetime = options.rate, options.url_lifetime
    for folder in sorted(path for path in options.root.glob("*/*") if path.is_dir()):
        add_folder(hub, folder)
    with hub, suppress(KeyboardInterrupt):
        print(f"HF_ENDPOINT={hub.endpoint}", flush=True)
        threading.Event().wait()


def add_folder(hub: FakeHub, folder: Path) -> str:
    """Publish a folder under its name and that of the folder around it."""
    files = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    tags = ["gguf"] if any(name.endswith(".gguf") for name in files) else []
    return hub.add_repository(f"{folder.parent.name}/{folder.name}", files, tags=tags)


if __name__ == "__main__":
    main()
