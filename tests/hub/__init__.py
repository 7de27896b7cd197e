"""A hub on loopback that the real huggingface_hub client accepts, and that breaks on request.

    with FakeHub() as hub:
        hub.add_repository("acme/tiny-GGUF", {"tiny-Q4_K_M.gguf": Path("big.gguf"), "README.md": b"# Tiny"})
        hub.faults.add("reset", after=8_000_000, port="cdn", path="*.gguf", times=-1)

It serves what is needed to search, describe and download models: no uploads, data sets or spaces.
"""

from tests.hub.faults import Fault
from tests.hub.hub import FakeHub

__all__ = ["FakeHub", "Fault"]
