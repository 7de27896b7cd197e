"""`workbench chats`: the conversations that were kept."""

from __future__ import annotations

from dataclasses import asdict

import click

from workbench.chat.history import ConversationSummary, History
from workbench.cli import output
from workbench.cli.options import json_option
from workbench.conversation import Message


@click.group(invoke_without_command=True)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many to list.")
@json_option
@click.pass_context
def chats(context: click.Context, *, limit: int, as_json: bool) -> None:
    """List conversations, the last spoken in first."""
    if context.invoked_subcommand is not None:
        return
    with History() as store:
        kept = store.recent(limit)
    if as_json:
        output.document([_document(summary) for summary in kept])
        return
    output.table(
        ("id", "updated", "model", "messages", "title"),
        [
            (
                str(summary.id),
                f"{summary.updated.astimezone():%Y-%m-%d %H:%M}",
                summary.model,
                str(summary.messages),
                output.printable(summary.title),
            )
            for summary in kept
        ],
        right=(0, 3),
    )


@chats.command()
@click.argument("conversation_id", metavar="ID", type=int)
@json_option
def show(*, conversation_id: int, as_json: bool) -> None:
    """Show one conversation."""
    with History() as store:
        summary, conversation = store.summary(conversation_id), store.conversation(conversation_id)
    messages = [_told(message) for message in conversation.messages]
    if as_json:
        output.document({**_document(summary), "messages": messages})
        return
    for message in conversation.messages:
        if message.reasoning:
            output.line(f"{message.role}, thinking: {message.reasoning}\n")
        for call in message.tool_calls:
            output.line(f"{message.role} calls {call.name}: {call.arguments}\n")
        if message.content or not message.tool_calls:
            output.line(f"{message.role}: {message.content}\n")


def _told(message: Message) -> dict[str, object]:
    """The turn as JSON, without what it does not have."""
    told = {"role": message.role, "content": message.content, **asdict(message)}
    return {key: value for key, value in told.items() if value or key in ("role", "content")}


def _document(summary: ConversationSummary) -> dict[str, object]:
    return {
        "id": summary.id,
        "title": summary.title,
        "model": summary.model,
        "started": summary.started.isoformat(),
        "updated": summary.updated.isoformat(),
        "messages": summary.messages,
    }
