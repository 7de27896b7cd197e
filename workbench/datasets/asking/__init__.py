"""What a model answers about rows: asked several at once, and kept, so that nothing is asked twice."""
