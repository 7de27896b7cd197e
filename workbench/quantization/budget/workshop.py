"""Files in fewer bits that are needed for a moment: made when asked for, and gone afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from workbench.ports import Quantizer, ScoredModel
from workbench.quantization.quality.trial import Subject
from workbench.quantize_request import QuantizeRequest

Open = Callable[[Subject], ScoredModel]


class Workshop:
    """Makes them of one source, in a folder of its own."""

    def __init__(self, quantizer: Quantizer, source: Subject, folder: Path, open_model: Open) -> None:
        self.quantizer = quantizer
        self._source, self._folder, self._open = source, folder, open_model
        self._requests: dict[str, QuantizeRequest] = {}

    def subject(self, name: str, request: QuantizeRequest) -> Subject:
        """What would come of the request, as a subject that is made when it is loaded."""
        described = msgspec.json.encode((self._source.digest, request))
        digest = hashlib.sha256(described).hexdigest()
        self._requests[digest] = request
        return Subject(name, self._folder / f"{digest[:16]}.gguf", digest)

    def load(self, subject: Subject) -> ScoredModel:
        """The model of a subject, its own or any other."""
        if subject.digest not in self._requests:
            return self._open(subject)
        with self.file(self._requests[subject.digest]) as path:
            return self._open(replace(subject, path=path))

    @contextmanager
    def file(self, request: QuantizeRequest) -> Iterator[Path]:
        """Made whole, and removed at the end; a model that was opened from it stays."""
        path = self._folder / f"{hashlib.sha256(msgspec.json.encode(request)).hexdigest()[:16]}.gguf"
        try:
            self.quantizer.quantize(request, path, lambda done: None)
            yield path
        finally:
            path.unlink(missing_ok=True)
