"""How families of models write reasoning and tool calls: recognised, read as they come, and forced."""
