"""The command line: one command a file, and no logic of its own.

May import: both wings and the ground, always inside the command's function, so that help comes at once and the
window starts without torch. Never: imported by any other room.
"""
