"""Schedules, samplers, guidance and seeding: one sampling loop for every system.

May import: the ground, torch, diffusers. Never: Qt, VTK, SimpleITK, pydicom, nets, physics, or the desk.
"""
