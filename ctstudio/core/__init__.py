"""Values every room speaks of: grids, volumes, labels, windows, seeds, provenance, errors.

May import: numpy and the standard library. Never: anything else, and no other room.
"""
