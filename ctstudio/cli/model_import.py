"""`ctstudio models import`: public weights, or a model's folder, onto the shelf."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctstudio.cli.answer import answer
from ctstudio.cli.options import AsJson
from ctstudio.core.errors import ParameterError

if TYPE_CHECKING:
    from ctstudio.systems.na_diff.importing import Import

SYSTEM = "na_diff"


class Activation(StrEnum):
    """What a CLIP tower was trained with."""

    quickgelu = "quickgelu"
    gelu = "gelu"


PathOf = Annotated[
    Path,
    typer.Argument(
        metavar="PATH",
        help="A file of weights (.safetensors .pt .pth .ckpt .bin), a part's folder, a folder with subfolders "
        "transformer, vae, image_encoder as diffusers writes it, or a model's folder with model.json.",
        show_default=False,
    ),
]
_Part = Path | None


def import_model(
    path: PathOf,
    system: Annotated[str, typer.Option("--system", help="Whose networks they are: na_diff.", show_default=False)],
    name: Annotated[str, typer.Option("--name", help="Of the model; PATH's own when left out.")] = "",
    denoiser: Annotated[_Part, typer.Option(help="A DiT: facebook's or diffusers' keys.")] = None,
    vae: Annotated[_Part, typer.Option(help="Stable Diffusion's autoencoder: diffusers' or CompVis' keys.")] = None,
    clip: Annotated[_Part, typer.Option(help="A CLIP image tower: OpenAI, open_clip or Hugging Face.")] = None,
    heads: Annotated[
        int | None, typer.Option(min=1, help="Attention heads of a DiT whose size is not a published one.")
    ] = None,
    clip_activation: Annotated[
        Activation | None, typer.Option(help="What CLIP was trained with, where its files do not say.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Licence of the weights, when you know it better than the report.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of your model of that name.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be imported.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring weights in from local files, strictly, and say which tensor was filled from where.

    Sizes are read from the shapes. Nothing in a file is ever run. A DiT trunk alone is a starting point for training:
    its condition layers are new, and the model refuses to generate.
    """
    from ctstudio.catalog.model_card import FILE_NAME
    from ctstudio.catalog.new_model import free_place
    from ctstudio.catalog.shelf import own_models_dir
    from ctstudio.io.storage import check_place

    _check_system(system)
    name = name or _name_from(path)
    named = {part: place for part, place in (("denoiser", denoiser), ("vae", vae), ("clip", clip)) if place is not None}
    if not dry_run:
        free_place(own_models_dir(), name, replace)
        check_place(own_models_dir())
    if (path / FILE_NAME).is_file():
        if named:
            raise ParameterError(f"{path} is a whole model already.", f"Leave --{next(iter(named))} out.")
        _adopt(path, name, replace, dry_run, as_json)
        return
    found = _examined(path, named, heads, clip_activation)
    lines = [line for part in found.parts for line in _part_lines(found, part, licence)] + _verdict(found)
    facts = _facts(found, licence)
    if not dry_run:
        folder = _written(found, name, licence, replace)
        facts |= {"name": name, "folder": str(folder)}
        lines.append(f"The model {name} is in {folder}.")
    answer(as_json, facts, lines)


def _check_system(system: str) -> None:
    from ctstudio.catalog.cards import all_cards

    known = {card.system for card in all_cards()}
    asked = system.replace("-", "_")
    if asked == SYSTEM:
        return
    what = f"There is no system {system!r}." if asked not in known else f"Weights of {system} cannot be imported yet."
    raise ParameterError(what, f"Give --system {SYSTEM}.")


def _name_from(path: Path) -> str:
    stem = path.resolve().stem if path.is_file() else path.resolve().name
    return re.sub(r"[^a-z0-9_.-]+", "-", stem.lower()).strip("-.")


def _examined(path: Path, named: dict[str, Path], heads: int | None, activation: Activation | None) -> Import:
    from ctstudio.cli.progress import late_bar
    from ctstudio.systems.na_diff.importing import examine

    with late_bar("Reading weights") as bar:
        bar.at(0, 0)
        return examine(path, named, heads, activation.value if activation else None)


def _written(found: Import, name: str, licence: str, replace: bool) -> Path:
    from ctstudio.catalog.shelf import own_models_dir
    from ctstudio.cli.progress import late_bar
    from ctstudio.io.storage import check_place, free_space_needed
    from ctstudio.systems.na_diff.importing import write

    shelf = own_models_dir()
    check_place(shelf, free_space_needed(found.bytes))
    with late_bar("Writing the model") as bar:
        return write(found, name, shelf, licence, replace, lambda what, done, total: bar.at(done, total, what))


def _adopt(path: Path, name: str, replace: bool, dry_run: bool, as_json: bool) -> None:
    """A folder that is a model already: its digests are compared, and it is copied."""
    from ctstudio.catalog.new_model import adopt
    from ctstudio.catalog.shelf import own_models_dir

    folder, files = adopt(path, name, SYSTEM, own_models_dir(), replace, dry_run)
    lines = [f"A model's folder: all {files} files are as model.json describes them."]
    lines += [] if dry_run else [f"The model {name} is in {folder}."]
    answer(as_json, {"name": name, "folder": "" if dry_run else str(folder), "files": files}, lines)


def _part_lines(found: Import, part: str, licence: str) -> list[str]:
    from ctstudio.systems.na_diff.import_report import coverage_lines

    return coverage_lines(part, found.parts[part], licence)


def _verdict(found: Import) -> list[str]:
    from ctstudio.systems.na_diff.import_report import untrained_in_words

    config, lines = found.config, []
    lines.append(f"Slices of {config.image_size} x {config.image_size} pixels at {config.pixel_mm:.3g} mm.")
    if untrained := untrained_in_words(found.parts):
        lines.append(f"Not trained: {'; '.join(untrained)}. A starting point for training, not for generating.")
    if found.lacks:
        lines.append(f"Lacks {', '.join(found.lacks)}: it cannot generate, but lends its parts to training.")
    return lines


def _facts(found: Import, licence: str) -> dict[str, Any]:
    from ctstudio.systems.na_diff.import_report import coverage_facts, licence_of, untrained_in_words

    return {
        "parts": {
            name: {**coverage_facts(part), "network": part.title, "licence": licence_of(part, licence)}
            for name, part in found.parts.items()
        },
        "config": found.config.model_dump(mode="json"),
        "not_trained": list(untrained_in_words(found.parts)),
        "lacks": list(found.lacks),
    }
