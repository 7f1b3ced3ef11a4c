"""Numbers from arrays: noise, overlap, similarity, Hounsfield statistics, artefacts.

May import: numpy, `core`; scipy and scikit-image inside functions. Never: torch, Qt, any other room.
"""
