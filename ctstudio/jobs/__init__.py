"""The desk's side of the engine: start it, talk to it, and keep the queue's history.

May import: the ground. Never: torch, Qt, session, io, or the compute wing; the engine runs in a process of its own.
"""
