"""MedSyn: text to a chest CT with lobes, airways and vessels, in two stages (paper: MedSyn).

May import: `nets`, `diffusion`, `physics` and the ground rooms. Never: another system.
"""
