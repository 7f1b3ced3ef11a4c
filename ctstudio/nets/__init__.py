"""Network parts that two systems share: transformer blocks, positions, embedders, autoencoders.

May import: the ground, torch, diffusers, monai, open_clip. Never: Qt, VTK, SimpleITK, pydicom, or the desk.
"""
