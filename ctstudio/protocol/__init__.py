"""What passes between desk and engine, and its bytes: requests, events, results, shared blocks, the channel.

May import: numpy, the standard library, `core`. Never: torch, Qt, pickle, or a room above.
"""
