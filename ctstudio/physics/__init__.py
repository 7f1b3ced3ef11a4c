"""Projection, reconstruction, dose and noise maps, in torch.

May import: torch, numpy, `core` and `measure`. Never: a system, the engine, anything of the desk.
"""
