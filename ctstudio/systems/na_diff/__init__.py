"""NA-Diff: CT slices from an anatomy mask and a noise map (papers: NA-Diff).

May import: `nets`, `diffusion`, `physics` and the ground rooms. Never: another system.
"""
