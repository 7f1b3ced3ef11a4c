"""Procedural patients with exact truth: anatomy, labels, CT, PET, MR and report for any seed on any grid.

May import: core. Third-party: numpy, and scipy inside functions. Never: any other room, Qt or torch.
"""
