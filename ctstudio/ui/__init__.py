"""The window: pages, views, tools and the job bar, in PySide6 and pyqtgraph.

May import: session, jobs, study, io and the ground; VTK only in `ui/scene`. Never: torch, or the compute wing.
"""
