"""Write packaging/constraints.txt: the exact version of every package that ours need, as installed right here.

Run it inside an environment in which `make test` passes: `.venv/bin/python packaging/pin_versions.py`.
"""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
HEAD = "# Exact versions that passed `make test`. Written by packaging/pin_versions.py; do not edit by hand.\n"


def main() -> None:
    """Follow the project's requirements through everything they need, and write down what is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pins = installed_closure([Requirement(line) for line in wanted])
    lines = [f"{name}=={version}\n" for name, version in sorted(pins.items())]
    (ROOT / "packaging" / "constraints.txt").write_text(HEAD + "".join(lines))
    print(f"{len(lines)} versions written to packaging/constraints.txt")


def installed_closure(requirements: list[Requirement]) -> dict[str, str]:
    """Installed version by name of the requirements and all that they need here, extras included."""
    pins: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    queue = [(requirement, "") for requirement in requirements]
    while queue:
        requirement, extra = queue.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        try:
            found = distribution(requirement.name)
        except PackageNotFoundError:
            continue
        pins[canonicalize_name(requirement.name)] = found.version.partition("+")[0]
        for wanted in {"", *requirement.extras} - {e for n, e in seen if n == requirement.name}:
            seen.add((requirement.name, wanted))
            queue += [(Requirement(line), wanted) for line in found.requires or ()]
    return pins


if __name__ == "__main__":
    main()
