"""`workbench show --template`: an example conversation in a model's own words, and how it answers."""

from __future__ import annotations

from workbench.backend import ModelFacts
from workbench.chat.example import Example, example
from workbench.cli import output
from workbench.errors import InvalidRequest
from workbench.gguf import read_model
from workbench.models import LocalModel
from workbench.models.inspection import Inspection
from workbench.models.token_names import own_tokens, special_tokens


def print_template(model: LocalModel, inspected: Inspection, *, as_json: bool) -> None:
    """The example to standard output, what is known of the format to standard error; or both as JSON."""
    if not inspected.template:
        raise InvalidRequest(f"{model.name} has no chat template.", "It continues plain text.")
    shown = example(_facts(model, inspected))
    if as_json:
        output.document(_document(shown, inspected.template))
        return
    output.line(shown.prompt)
    output.note(_spoken(shown))


def _spoken(shown: Example) -> str:
    answer_format, thinks = shown.format, shown.format.reasoning
    tools = (
        "its template shows no tools, so they are described to it in words"
        if answer_format.described
        else f"it calls tools as {answer_format.name} does"
    )
    thoughts = f"; it may think between {thinks.begin.strip()} and {thinks.end}" if thinks else ""
    return f"The format of its answers: {tools}{thoughts}. --template-source prints the template."


def _document(shown: Example, template: str) -> dict[str, object]:
    thinks = shown.format.reasoning
    return {
        "format": shown.format.name,
        "tools": "described" if shown.format.described else "shown",
        "thinking": None if thinks is None else [thinks.begin.strip(), thinks.end],
        "example": shown.prompt,
        "template": template,
    }


def _facts(model: LocalModel, inspected: Inspection) -> ModelFacts:
    header = read_model(str(model.path)) if model.path.suffix == ".gguf" else None
    return ModelFacts(
        architecture=inspected.architecture,
        context_length=0,
        trained_context=0,
        parallel=1,
        vocabulary_size=inspected.vocabulary or 0,
        chat_template=inspected.template,
        tool_template=header.tool_template if header else None,
        special_tokens=special_tokens(header) if header else {},
        own_tokens=own_tokens(header) if header else {},
    )
