"""All that passes between desk and engine: requests, events, results, and their bytes.

May import: core, catalog, numpy, pydantic. Never: torch, Qt, pickle.
"""
