"""How a prediction is shown: a table with ranges, or one JSON document in the shape of bench's."""

from __future__ import annotations

from workbench import wording
from workbench.benchmark.prediction import Prediction
from workbench.cli import output
from workbench.models.header_of_name import Named


def document(found: Named, prediction: Prediction) -> dict[str, object]:
    return {
        "model": found.name,
        "results": [
            {
                "test": result.test.name,
                "depth": result.test.depth,
                "tokens_per_second": result.tokens_per_second,
                "spread": result.spread,
                "basis": result.basis,
                "low": result.low,
                "high": result.high,
                "time_to_first_token_seconds": result.first_token_seconds,
            }
            for result in prediction.results
        ],
        "bytes_fetched": found.bytes_fetched,
        "seconds": prediction.seconds,
        "layers": prediction.layers,
        "measured_layers": prediction.measured_layers,
        "notes": list(prediction.notes),
    }


def show(found: Named, prediction: Prediction) -> None:
    header = found.header
    about = (header.architecture, header.quantization, wording.size(header.weights_bytes))
    output.line(f"{found.name}: {', '.join(part for part in about if part)}")
    output.table(
        ("test", "depth", "tokens/s", "from", "to", "first token", "basis"),
        (
            (
                result.test.name,
                str(result.test.depth),
                wording.speed(result.tokens_per_second),
                wording.speed(result.low),
                wording.speed(result.high),
                "" if (first := result.first_token_seconds) is None else wording.seconds(first),
                result.basis,
            )
            for result in prediction.results
        ),
        right=(1, 2, 3, 4, 5),
    )
    output.line()
    output.line(_how(found, prediction))
    for note in prediction.notes:
        output.note(note)


def _how(found: Named, prediction: Prediction) -> str:
    fetched = f"{wording.size(found.bytes_fetched)} fetched" if found.bytes_fetched else "nothing fetched"
    measured, layers = prediction.measured_layers, prediction.layers
    if not measured:
        return f"Told by bandwidth, not measured; {fetched}, {wording.seconds(prediction.seconds)}."
    on = "all layers" if measured == layers else f"{measured} of {layers} layers"
    return f"Measured on {on} with random weights; {fetched}, {wording.seconds(prediction.seconds)}."
