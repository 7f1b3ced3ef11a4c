"""What the systems can do, said without torch: cards of tasks, and the shelf of models found on disk.

May import: core, pydantic, platformdirs. Never: torch, Qt, or any room but core.
"""
