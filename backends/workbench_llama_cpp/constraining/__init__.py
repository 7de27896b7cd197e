"""Answers held to constraints, token by token, through llguidance. Knows nothing of contexts or batches."""
