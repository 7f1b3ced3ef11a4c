"""The window: widgets that show the session and hand it what the user does.

May import: PySide6, pyqtgraph (plots, on first use), session, jobs, study, io and the ground floor.
Never: torch or any compute room; VTK outside `scene`.
"""
