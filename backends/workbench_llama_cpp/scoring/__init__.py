"""The Scorer of llama.cpp: logits of given tokens, computed in a process of its own.

The logits lie in memory that both processes share; what crosses the pipes is only when they are there.
"""
