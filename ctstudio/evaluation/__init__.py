"""Figures: whether a model obeys its mask and its dose, and how its slices look, on held-out phantoms.

May import: `systems`, `nets`, `diffusion`, `physics` and the ground rooms.
Never: Qt, VTK, SimpleITK, pydicom, the desk, `engine`, `training`.
"""
