"""Recipes, data, the training loop, checkpoints and reports.

May import: evaluation, systems, diffusion, nets, physics and the ground. Never: Qt, VTK, SimpleITK, pydicom,
engine, or the desk.
"""
