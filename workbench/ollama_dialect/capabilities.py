"""What a model can do, in Ollama's words."""

from __future__ import annotations

from workbench.backend import ModelFacts


def capabilities_of(facts: ModelFacts) -> list[str]:
    """Told by its template; whatever keeps to grammars can be made to call tools."""
    template = (facts.chat_template or "") + (facts.tool_template or "")
    generates = "generate" in facts.capabilities
    marks = {
        "completion": generates,
        "tools": generates and ("tools" in template or "constrain" in facts.capabilities),
        "thinking": generates and "think" in template,
        "embedding": "embed" in facts.capabilities,
        "vision": "vision" in facts.capabilities,
    }
    return [name for name, has in marks.items() if has]
