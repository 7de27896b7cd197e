"""`workbench show`: everything that is known of one model, on this machine or on the hub."""

from __future__ import annotations

import click

from workbench.cli import output
from workbench.cli.model_report import model_document, print_model
from workbench.cli.options import json_option
from workbench.errors import InvalidRequest, ModelNotFound
from workbench.models import LocalModel, describe, local_models
from workbench.models.inspection import Inspection, inspect
from workbench.models.locating import found, is_path


@click.command()
@click.argument("model")
@click.option("--template", "example", is_flag=True, help="Print an example conversation by its template.")
@click.option("--template-source", is_flag=True, help="Print the chat template and nothing else.")
@json_option
def show(*, model: str, example: bool, template_source: bool, as_json: bool) -> None:
    """Show what MODEL says of itself, where it is, and how its bytes are spread.

    Of a repository on the hub that is not on this machine it shows what can be fetched.
    """
    try:
        shown = found(model, local_models())[0]
    except ModelNotFound:
        if not _show_repository(model, as_json):
            raise
        return
    described, inspected = describe(shown), inspect(shown)
    if example:
        from workbench.cli.template_report import print_template

        print_template(shown, inspected, as_json=as_json)
    elif template_source:
        _print_source(shown, inspected)
    elif as_json:
        output.document(model_document(shown, described, inspected))
    else:
        print_model(shown, described, inspected)


def _show_repository(name: str, as_json: bool) -> bool:
    """Whether the name means a repository; what it holds is printed then."""
    from workbench.cli.repository_table import print_repository
    from workbench.models.reference import HubReference, parse_reference

    try:
        reference = None if is_path(name) else parse_reference(name)
    except InvalidRequest:
        return False
    if not isinstance(reference, HubReference):
        return False
    print_repository(reference, as_json)
    return True


def _print_source(model: LocalModel, inspected: Inspection) -> None:
    if not inspected.template:
        raise InvalidRequest(f"{model.name} has no chat template.", "It continues plain text.")
    output.line(inspected.template.rstrip("\n"))
