"""Where the bundled model `guide` lies. Knows nothing of what is in it."""

from pathlib import Path

PATH = Path(__file__).parent / "guide.gguf"
