"""Who asks: the holder of a key, or anyone where none is wanted. Knows neither keys nor requests.

The caller of a request is found in its context, so that what a key may not see stays hidden whichever route
asks for it.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from workbench.errors import AccessDenied


@dataclass(frozen=True, slots=True)
class Caller:
    """Someone who asks, and what they may do.

    Attributes:
        name: The key's, or "" for anyone.
        admin: Whether they may load and unload models.
        models: The only ones they may use, by name or alias; None for all.
        address: From where they ask, "" where that is unknown.
        owner: Whose files, batches and responses theirs are; "" for anyone without a key.
    """

    name: str = ""
    admin: bool = True
    models: frozenset[str] | None = None
    address: str = ""
    owner: str = ""

    @property
    def sees(self) -> str | None:
        """The owner whose things they find; None for everybody's."""
        return None if self.admin else self.owner

    def may_use(self, *names: str) -> bool:
        """Whether they may use the model of these names."""
        return self.models is None or not self.models.isdisjoint(names)


NOBODY = Caller(admin=False, models=frozenset())
"""Someone without a key where one is wanted, who may still see whether the server is there."""

_OURSELVES = Caller()
_current: ContextVar[Caller] = ContextVar("caller", default=_OURSELVES)


def caller() -> Caller:
    """Of the request that is being answered; who has all rights outside of any."""
    return _current.get()


def act_for(who: Caller) -> None:
    """From here on this context's requests are that caller's."""
    _current.set(who)


def require_admin() -> None:
    """Raise AccessDenied where the caller may not change what is loaded."""
    if not caller().admin:
        raise AccessDenied("This needs a key with admin rights.", "`workbench keys add --admin` makes one.")
