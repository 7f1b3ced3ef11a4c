"""The worker process: its queue, the pipelines it runs, and what stays in memory.

May import: evaluation, systems, diffusion, nets, physics and the ground. Never: Qt, VTK, SimpleITK, pydicom,
training, or the desk.
"""
