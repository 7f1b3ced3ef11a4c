"""The open document without widgets: cases, painting, undo, viewing, results. Observable through psygnal.

May import: jobs, study, io and the ground. Never: torch, Qt, ui, or the compute wing.
"""
