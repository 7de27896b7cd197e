"""From token pieces to text: whole UTF-8 characters, and stop strings that never show.

One instance serves one request. Knows nothing of engines or processes.
"""

from __future__ import annotations

import codecs
from collections import deque

from workbench.events import SampledToken, TextDelta


class TextAssembly:
    """Holds back what may still become a stop string or the rest of a character.

    Attributes:
        stop_sequence: The stop string that was met, "" for none yet; nothing after it is ever released.
    """

    def __init__(self, stop: tuple[str, ...]) -> None:
        self._stop = tuple(text for text in stop if text)
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._held = ""
        self._released = 0  # characters given out so far
        self._tokens: deque[tuple[int, SampledToken | None]] = (
            deque()
        )  # (position of first character, logprobs)
        self.stop_sequence = ""

    @property
    def stopped(self) -> bool:
        return bool(self.stop_sequence)

    def feed(self, piece: bytes, logprobs: SampledToken | None = None) -> TextDelta | None:
        """Take one token's bytes; return what may be shown now, if anything."""
        self._tokens.append((self._released + len(self._held), logprobs))
        self._held += self._decode(piece)
        return self._release(len(self._held) - self._longest_partial_stop())

    def finish(self) -> TextDelta | None:
        """The rest, when no more tokens come."""
        if self.stopped:
            return None
        self._held += self._decode(b"", True)
        return self._release(len(self._held), last=True)

    def _release(self, end: int, last: bool = False) -> TextDelta | None:
        found = self._first_stop()
        if found is not None:
            end, self.stop_sequence = found
        text, self._held = self._held[:end], self._held[end:]
        self._released += len(text)
        released = self._take_tokens(everything=last and not self.stopped)
        logprobs = tuple(token for token in released if token is not None)
        return TextDelta(text, len(released), logprobs) if text or logprobs else None

    def _take_tokens(self, everything: bool) -> list[SampledToken | None]:
        taken = []
        while self._tokens and (everything or self._tokens[0][0] < self._released):
            taken.append(self._tokens.popleft()[1])
        return taken

    def _first_stop(self) -> tuple[int, str] | None:
        """Where it begins: the one that is complete first, however the text was cut into pieces."""
        found = [(at + len(text), at, text) for text in self._stop if (at := self._held.find(text)) >= 0]
        return min(found)[1:] if found else None

    def _longest_partial_stop(self) -> int:
        """Length of the longest end of the held text with which some stop string begins."""
        longest = max((len(text) for text in self._stop), default=1) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            ending = self._held[-length:]
            if any(text.startswith(ending) for text in self._stop):
                return length
        return 0
