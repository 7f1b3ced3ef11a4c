"""One folder a paper, each with its configuration, network, conditions, pipeline, objective and weights.

May import: diffusion, nets, physics and the ground. Never: Qt, VTK, SimpleITK, pydicom, engine, or the desk.
"""
