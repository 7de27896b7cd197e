"""This machine's devices for engines on other machines: `workbench rpc-worker`.

llama.cpp's own RPC server runs in a process of its own (device_server.py), on loopback. In front of it stands
a relay (relay.py), which knows who asks, keeps to a limit of memory, and outlives the server (lender.py).
"""
