"""Anthropic's wire format: requests, messages, stream events and errors, and what they mean in our values.

Knows nothing of HTTP libraries, engines or processes.
"""
