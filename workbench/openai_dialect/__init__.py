"""The OpenAI wire format: requests, responses, stream chunks and errors, and what they mean in our values.

The server and the remote backend share it. Knows nothing of HTTP libraries, engines or processes.
"""
