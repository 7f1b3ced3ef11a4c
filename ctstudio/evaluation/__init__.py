"""Figures: whether a model obeys its mask and its dose, how its slices look, and the papers' metrics and tables.

May import: `systems`, `nets`, `diffusion`, `physics` and the ground rooms.
Never: Qt, VTK, SimpleITK, pydicom, the desk, `engine`, `training`.
"""
