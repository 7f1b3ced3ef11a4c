"""One folder a paper, the same files in each: config, network, conditions, pipeline, objective, weights.

May import: `nets`, `diffusion`, `physics` and the ground rooms. Never: Qt, VTK, SimpleITK, pydicom, the desk, `engine`.
"""
