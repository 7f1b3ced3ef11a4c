"""The open document without widgets: cases, painting, undo, viewing, results, autosave.

Every object tells what changed through psygnal signals, always in the thread that made the change.
May import: jobs, study, io and the ground. Never: torch, Qt, ui, or the compute wing.
"""
