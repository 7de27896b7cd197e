"""OpenAI's Responses API: requests, items, stream events, and what they mean in our values.

Knows nothing of HTTP libraries, engines, storage or processes.
"""
