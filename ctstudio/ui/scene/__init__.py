"""The 3D view: surfaces of labels and the scan's volume, drawn by VTK off screen and painted by an ordinary widget.

May import: PySide6, vtk, scipy, session, io, the window's small parts, and the ground floor. It is loaded when 3D is
first shown, and VTK only after a process of its own has found that this machine can draw.
Never: torch, any compute room, or the main window.
"""
