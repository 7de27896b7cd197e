"""What was measured of models, as a table and as JSON. Knows nothing of how it was measured."""

from __future__ import annotations

from collections.abc import Sequence

from workbench import wording
from workbench.cli import output
from workbench.gguf import Header, read_model
from workbench.models import LocalModel
from workbench.quantization.quality.comparing import Result
from workbench.quantization.quality.figures import Estimate

_HEADINGS = (
    "model", "size", "bits", "perplexity", "KL mean", "KL p99", "KL max", "same top", "same answers",
)  # fmt: skip


def show(models: Sequence[LocalModel], results: Sequence[Result]) -> None:
    """A line for each model, the base first; KL divergences in nats."""
    rows = [_row(model, result) for model, result in zip(models, results, strict=True)]
    output.table(_HEADINGS, rows, right=range(1, len(_HEADINGS)))
    judged = wording.count(results[0].figures.tokens, "token")
    output.note(f"{judged} judged. KL: how far expectations are from the base's, in nats; 0 is not at all.")


def document(models: Sequence[LocalModel], results: Sequence[Result]) -> dict[str, object]:
    base, *others = [_entry(model, result) for model, result in zip(models, results, strict=True)]
    return {"base": base, "results": others}


def _row(model: LocalModel, result: Result) -> tuple[str, ...]:
    figures, answers, header = result.figures, result.answers, read_model(model.path)
    about = (model.name, wording.size(header.file_size), f"{_bits(header):.2f}")
    perplexity = _with_error(figures.perplexity, 3)
    if result.answers is None and not figures.kl_max:
        return (*about, perplexity, "", "", "", "", "")
    return (
        *about,
        perplexity,
        _with_error(figures.kl_mean, 6),
        f"{figures.kl_p99:.4f}",
        f"{figures.kl_max:.3f}",
        f"{figures.top1_agreement.value:.2%}",
        f"{answers.same:.0%}" if answers else "",
    )


def _entry(model: LocalModel, result: Result) -> dict[str, object]:
    figures, answers, header = result.figures, result.answers, read_model(model.path)
    return {
        "model": model.name,
        "path": str(model.path),
        "size_bytes": header.file_size,
        "bits_per_weight": _bits(header),
        "tokens": figures.tokens,
        "perplexity": figures.perplexity.value,
        "perplexity_error": figures.perplexity.error,
        "kl_mean": figures.kl_mean.value,
        "kl_mean_error": figures.kl_mean.error,
        "kl_median": figures.kl_median,
        "kl_p99": figures.kl_p99,
        "kl_max": figures.kl_max,
        "top1_agreement": figures.top1_agreement.value,
        "delta_p_rms": figures.delta_p_rms,
        "answers": answers
        and {"prompts": answers.prompts, "same": answers.same, "tokens_agreement": answers.tokens},
    }


def _bits(header: Header) -> float:
    return 8 * header.weights_bytes / max(header.parameters, 1)


def _with_error(estimate: Estimate, digits: int) -> str:
    return f"{estimate.value:z.{digits}f} ± {estimate.error:.{digits}f}"
