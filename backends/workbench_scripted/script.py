"""What a script says, and how it is read from its file.

pause = 0.01                 # seconds before each token, 0 if left out
[[reply]]
when = "weather"             # a part of the prompt; "" or left out means any
text = "I do not look out of the window."
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from workbench.backend import LoadProgress
from workbench.errors import InvalidModel, LoadCancelled, ModelNotFound


@dataclass(frozen=True, slots=True)
class Reply:
    """A text, and the part of a prompt that calls it up."""

    when: str
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """Replies in order of precedence, and the seconds that each token takes."""

    replies: tuple[Reply, ...]
    pause: float = 0.0

    def reply_to(self, prompt: str) -> str:
        """The first reply that is called up by the last line that asks something; "" when none is."""
        return next((reply.text for reply in self.replies if reply.when in prompt), "")


def read_script(path: str, progress: LoadProgress) -> Script:
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        replies = tuple(Reply(str(row.get("when", "")), str(row["text"])) for row in values["reply"])
        script = Script(replies, float(values.get("pause", 0)))
    except FileNotFoundError:
        raise ModelNotFound(f"There is no file {path}.", "Check the path.") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InvalidModel(
            f"{path} is no script: {error}.", "See the script's format in script.py."
        ) from error
    if not progress(1.0):
        raise LoadCancelled("Loading was cancelled.")
    return script
