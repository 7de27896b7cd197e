"""Control groups, which lie below the machine; see workbench.cgroup."""

from workbench.cgroup import Limits, limits

__all__ = ["Limits", "limits"]
