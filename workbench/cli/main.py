"""The command `workbench`: a table of commands, each imported only when it is called.

`workbench --help` therefore costs little more than Click itself. Knows the commands by name only.
"""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import click

from workbench import __version__
from workbench.cli.exit_codes import BY_KIND, ExitCode
from workbench.errors import WorkbenchError

COMMANDS = {
    "run": ("workbench.cli.run:run", "Answer one prompt."),
    "chat": ("workbench.cli.chat:chat", "Hold a conversation in the terminal."),
    "serve": ("workbench.cli.serve:serve", "Serve models behind an OpenAI-compatible endpoint."),
    "batch": ("workbench.cli.batch:batch", "Answer a file of requests."),
    "deploy": ("workbench.cli.deploy:deploy", "Serve a model from several machines."),
    "keys": ("workbench.cli.keys:keys", "Make, list and revoke keys for the endpoint."),
    "fit": ("workbench.cli.fit:fit", "Tell what a model needs, here or on a GPU you do not have."),
    "imatrix": ("workbench.cli.imatrix:imatrix", "Measure which weights of a model count most."),
    "quantize": ("workbench.cli.quantize:quantize", "Make a model smaller."),
    "pull": ("workbench.cli.pull:pull", "Bring models onto this machine."),
    "convert": ("workbench.cli.convert:convert", "Make a GGUF file of a model that transformers saved."),
    "quality": ("workbench.cli.quality:quality", "Measure what a quantization costs."),
    "lab": ("workbench.cli.lab:lab", "Find the best quantization for a size, a card or this machine."),
    "tune": ("workbench.cli.tune:tune", "Find the settings with which a model is fastest here."),
    "bench": ("workbench.cli.bench:bench", "Measure prompt and generation speed."),
    "predict": ("workbench.cli.predict:command", "Tell how fast a model would be, before it is fetched."),
    "search": ("workbench.cli.search:search", "Find models on the hub."),
    "models": ("workbench.cli.models:models", "List the models on this machine."),
    "show": ("workbench.cli.show:show", "Show what a model is and where it is."),
    "verify": ("workbench.cli.verify:verify_models", "Check that models are still intact."),
    "rm": ("workbench.cli.rm:rm", "Remove a model from this machine."),
    "dedupe": ("workbench.cli.dedupe:dedupe", "Let copies of a model share their bytes."),
    "recipe": ("workbench.cli.recipe:recipe", "Make datasets for fine-tuning."),
    "tokens": ("workbench.cli.tokens:tokens", "Count, show and cut text by a model's tokenizer."),
    "embed": ("workbench.cli.embed:embed", "Make vectors of texts."),
    "history": ("workbench.cli.history:history", "Show how speeds changed, and what loads took."),
    "chats": ("workbench.cli.chats:chats", "List conversations, or show one."),
    "sample": ("workbench.cli.sample:sample", "Show how sampling settings move the next token."),
    "doctor": ("workbench.cli.doctor:doctor", "Say what this machine is and what can run on it."),
    "rpc-worker": ("workbench.cli.rpc_worker:rpc_worker", "Lend this machine's devices to another one."),
    "backends": ("workbench.cli.backends:backends", "List the engines and whether they can run."),
}

EPILOG = """\b
Examples:
  workbench run guide "What can you do?"
  workbench chat guide
  workbench serve guide
"""


class LazyGroup(click.Group):
    """A group that lists its commands from the table and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            raise click.NoSuchCommand(cmd_name, possibilities=COMMANDS, ctx=ctx)
        from importlib import import_module

        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """As Click's, but an interrupt and a reader that went away end it without a word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            if sys.stderr.isatty():
                print(file=sys.stderr)
            ctx.exit(ExitCode.CANCELLED)
        except BrokenPipeError:
            ctx.exit(_closed_output())

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="workbench %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Run language models on this machine.

    Without a command it opens the terminal app.
    """
    if context.invoked_subcommand is None:
        _open_app()


def _open_app() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("The app needs a terminal; `workbench run MODEL PROMPT` does without.")
    from workbench.tui.app import run

    run()


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    _prepare_streams()
    sys.exit(_outcome())


def _prepare_streams() -> None:
    """Streams that were closed by the caller swallow what is written; unknown letters get a substitute."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _outcome() -> int:
    try:
        returned = cli.main(standalone_mode=False)
        return returned if isinstance(returned, int) else ExitCode.OK
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.CANCELLED
    except WorkbenchError as error:
        return _told(error)
    except Exception as error:
        return _told(
            WorkbenchError(f"Unexpected {type(error).__name__}: {error}.", "WORKBENCH_DEBUG=1 shows where.")
        )


def _told(error: WorkbenchError) -> int:
    if os.environ.get("WORKBENCH_DEBUG") == "1":
        import traceback

        traceback.print_exc()
    print(error.message, error.remedy, sep="\n" if error.remedy else "", file=sys.stderr)
    return BY_KIND.get(error.kind, ExitCode.FAILED)


def _closed_output() -> int:
    """The reader went away; what is left to flush goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.BROKEN_PIPE
