"""Training: recipes, data, loop, checkpoints, export of a finished model.

May import: `systems`, `evaluation`, `nets`, `diffusion`, `physics` and the ground rooms.
Never: Qt, VTK, SimpleITK, pydicom, the desk, `engine`.
"""
