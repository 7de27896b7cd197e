"""Ollama's wire format: requests, answers, lines of a stream and errors, and what they mean in our values.

Knows nothing of HTTP libraries, engines or processes.
"""
