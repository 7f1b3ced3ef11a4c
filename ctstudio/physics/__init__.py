"""Projection, dose and noise maps, in torch.

May import: the ground, torch. Never: Qt, VTK, SimpleITK, pydicom, nets, diffusion, or the desk.
"""
