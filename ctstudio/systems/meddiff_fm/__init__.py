"""MedDiff-FM: one 3D model makes, cleans and examines whole scans, and draws lesions in and out (paper: MedDiff-FM).

May import: `nets`, `diffusion`, `physics` and the ground rooms. Never: another system.
"""
