"""The hub: which models are published, what their repositories hold, and what of that is one model."""
