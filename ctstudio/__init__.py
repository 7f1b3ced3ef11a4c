"""CT Studio: paint a mask, turn the dose dial, and see the CT that such a patient would give.

The house has two wings on one ground floor. The desk (ui, session, jobs, study, io) shows and keeps;
the compute wing (engine, training, evaluation, systems, diffusion, nets, physics) generates. They never import
each other: requests and events cross the wall as bytes. The ground (protocol, catalog, phantom, measure, core)
serves both. `cli` stands on top and composes them. Each room's own docstring says what it holds.
"""

__version__ = "0.1.0"
