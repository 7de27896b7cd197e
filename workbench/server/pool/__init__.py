"""The models that are served: loaded on demand, lent to requests, unloaded to make room."""
