"""What the hub was asked about, and the answers that are none. Knows no library."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from workbench.errors import Unreachable, WorkbenchError


@dataclass(frozen=True, slots=True)
class Subject:
    """What was asked for: a repository, perhaps a revision and a file of it, at this endpoint.

    `token_refused` says that the hub did not know our token, so that it was asked without.
    """

    endpoint: str
    repository: str = ""
    revision: str = ""
    path: str = ""
    token_refused: bool = False

    @property
    def server(self) -> str:
        """Its name as a person knows it, without what the address may say of accounts and paths."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2]

    @property
    def repository_or_server(self) -> str:
        return self.repository or self.server


def offline(subject: Subject) -> WorkbenchError:
    return Unreachable(
        f"HF_HUB_OFFLINE is set, so {subject.server} is not asked.",
        "Unset it, or use what `workbench models` lists.",
    )


def no_hub(subject: Subject, what: str) -> WorkbenchError:
    """An answer arrived, but no hub sent it."""
    return Unreachable(
        f"{subject.server} {what}: it is no hub, or something in between answered for it.",
        "If this network wants a log-in, open a web page first; else check HF_ENDPOINT.",
    )
