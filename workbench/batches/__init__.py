"""Requests by the file: read, answered a few at a time, gone on with when interrupted, and written whole.

Knows nothing of what answers a request, nor of servers and terminals.
"""
