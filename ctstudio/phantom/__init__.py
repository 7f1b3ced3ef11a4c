"""Procedural patients with exact truth: anatomy, labels, CT, PET, MR and report, for any seed and grid.

May import: core, numpy; scipy inside functions. Never: torch, Qt, or any room but core.
"""
