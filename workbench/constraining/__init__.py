"""Answers held to constraints, token by token, through llguidance. Knows no engine."""
