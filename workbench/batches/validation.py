"""What is wrong with the input of a batch, found out before any of it is answered."""

from __future__ import annotations

from pathlib import Path

from workbench.batches.request_lines import LineFault, RequestLine, read_lines
from workbench.openai_dialect.batch_object import BatchError

MOST_REQUESTS = 50_000
_MOST_TOLD = 100


def validated(source: Path, endpoint: str) -> tuple[int, list[BatchError]]:
    """The number of requests, and the first of their faults; all of them must be requests to `endpoint`."""
    total = 0
    errors: list[BatchError] = []
    try:
        with source.open("rb") as file:
            for line in read_lines(file, endpoint):
                total += 1
                if isinstance(line, LineFault) and len(errors) < _MOST_TOLD:
                    errors.append(_error(line))
    except FileNotFoundError:
        return 0, [
            BatchError(code="file_not_found", message="The input file is gone.", param="input_file_id")
        ]
    return total, errors or _of_all(total)


def first_model(source: Path) -> str | None:
    """The model that the first request names, where that can be told."""
    with source.open("rb") as file:
        first = next(read_lines(file), None)
    model = first.body.get("model") if isinstance(first, RequestLine) else None
    return model if isinstance(model, str) else None


def _error(fault: LineFault) -> BatchError:
    return BatchError(code=fault.code, message=fault.message, param=fault.param or None, line=fault.line)


def _of_all(total: int) -> list[BatchError]:
    if total == 0:
        return [BatchError(code="empty_file", message="The input file holds no requests.")]
    if total > MOST_REQUESTS:
        message = f"The input file holds {total} requests, and a batch may have {MOST_REQUESTS}."
        return [BatchError(code="too_many_requests", message=message)]
    return []
