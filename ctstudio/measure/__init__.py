"""Numbers from arrays: noise, HU statistics, overlap and surface distance, image similarity, chest measures.

May import: core, numpy; scipy and scikit-image inside functions. Never: torch, Qt, or any room but core.
"""
