"""What the program can do, described without torch: cards of the tasks, and the shelf of models found on disk.

Holds the task cards (inputs, parameters, outputs, citation), `model.json` as a data model, the search for models,
and the judgement whether a mask fits what a model has seen.
May import: core, numpy, pydantic, platformdirs. Never: torch, Qt, or any room above.
"""
