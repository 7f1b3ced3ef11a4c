"""Network parts that two systems share: DiT blocks, positions, embedders, image encoders.

May import: torch, open_clip, diffusers, and the ground rooms. Never: Qt, VTK, SimpleITK, pydicom, the desk, `systems`.
"""
