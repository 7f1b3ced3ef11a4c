"""Feature extractors, distances between sets of images, and the tables of the papers.

May import: systems, diffusion, nets, physics and the ground. Never: Qt, VTK, SimpleITK, pydicom, engine,
training, or the desk.
"""
