"""Keep the smallest input for each sentence that the header reader can say, one to a line of corpus.txt.

    python -m tests.fuzz.corpus FOLDER

The inputs are those that fuzzing has left in the folder, and the seeds. Lines that are there stay, so that an
input that once broke a promise is kept by hand: its bytes in hexadecimal, then the sentence it should end in.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.fuzz.examination import examine, kind_of
from tests.fuzz.mutation import seeds

CORPUS = Path(__file__).with_name("corpus.txt")


def read_corpus() -> list[tuple[bytes, str]]:
    """The inputs and the sentences that they must end in."""
    lines = (line.partition(" ") for line in CORPUS.read_text().splitlines())
    return [(bytes.fromhex(data), sentence) for data, _, sentence in lines]


def minimised(data: bytes, kind: str) -> bytes:
    """The input without all that can be left out, one piece at a time, for it to end the same way."""
    length = len(data)
    while length := length // 2:
        at = 0
        while at < len(data):
            shorter = data[:at] + data[at + length :]
            if kind_of(examine(shorter)) == kind:
                data = shorter
            else:
                at += length
    return data


def smallest(inputs: Iterable[bytes]) -> dict[str, bytes]:
    """For each kind of ending the shortest of the inputs."""
    found: dict[str, bytes] = {}
    for data in sorted(inputs, key=len):
        found.setdefault(kind_of(examine(data)), data)
    return found


def main() -> None:
    kept = read_corpus()
    found = smallest([*seeds(), *(path.read_bytes() for path in Path(sys.argv[1]).iterdir())])
    known = {sentence for _, sentence in kept}
    kept += [(minimised(data, kind), kind) for kind, data in found.items() if kind not in known]
    CORPUS.write_text(
        "".join(f"{data.hex()} {kind}\n" for data, kind in sorted(kept, key=lambda pair: pair[1]))
    )
    print(f"{len(kept)} inputs, {len(kept) - len(known)} of them new")


if __name__ == "__main__":
    main()
