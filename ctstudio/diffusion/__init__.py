"""Schedules, samplers, guidance and seeded noise: one denoising loop for all five systems.

May import: torch, diffusers, and the ground rooms. Never: Qt, VTK, SimpleITK, pydicom, the desk, `systems`.
"""
