"""One file a network of the demo recipes: how its batches are made and what its loss is.

May import: what `training` may. Never: another stage, the desk.
"""
