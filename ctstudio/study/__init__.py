"""Blinded reader studies: design, presentation order, answers, statistics, export.

May import: the ground. Never: torch, Qt, session, jobs, io, or the compute wing.
"""
