"""`ctstudio models import`: public weights, or a model's folder, onto the shelf."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Protocol

import typer

from ctstudio.cli import import_medsyn, import_na_diff
from ctstudio.cli.answer import answer
from ctstudio.cli.options import AsJson
from ctstudio.core.errors import ParameterError

NA_DIFF, MEDSYN = "na_diff", "medsyn"
_OPTIONS = MappingProxyType(
    {
        NA_DIFF: ("denoiser", "vae", "clip", "heads", "clip_activation"),
        MEDSYN: ("base", "upscaler", "text", "weights", "upsample", "self_test", "skip_self_test"),
    }
)
"""What only one system's weights have."""


class Activation(StrEnum):
    """What a CLIP tower was trained with."""

    quickgelu = "quickgelu"
    gelu = "gelu"


class Weights(StrEnum):
    """Which of two networks in a folder."""

    ema = "ema"
    last = "last"


class Order(StrEnum):
    """When the way up of a U-Net makes its volume finer."""

    last = "last"
    early = "early"


class Found(Protocol):
    """Weights that were read and fit, not yet written."""

    @property
    def bytes(self) -> int:
        """What the model will take on the disk."""

    def lines(self, licence: str) -> list[str]:
        """The account for people."""

    def facts(self, licence: str) -> dict[str, Any]:
        """The account for scripts."""

    def written(
        self, name: str, shelf: Path, licence: str, replace: bool, watch: Callable[[str, int, int], None]
    ) -> Path:
        """The new model's folder."""


PathOf = Annotated[
    Path,
    typer.Argument(
        metavar="PATH",
        help="A file of weights (.safetensors .pt .pth .ckpt .bin), a part's folder, a folder with subfolders "
        "transformer, vae, image_encoder as diffusers writes it, the folder of MedSyn's released models or one of its "
        "<N>_ckpt folders, or a model's folder with model.json.",
        show_default=False,
    ),
]
_Part = Path | None


def import_model(
    path: PathOf,
    system: Annotated[
        str, typer.Option("--system", help="Whose networks they are: na_diff or medsyn.", show_default=False)
    ],
    name: Annotated[str, typer.Option("--name", help="Of the model; PATH's own when left out.")] = "",
    denoiser: Annotated[_Part, typer.Option(help="na_diff: a DiT, facebook's or diffusers' keys.")] = None,
    vae: Annotated[_Part, typer.Option(help="na_diff: Stable Diffusion's autoencoder, diffusers' or CompVis'.")] = None,
    clip: Annotated[_Part, typer.Option(help="na_diff: a CLIP image tower, OpenAI, open_clip or Hugging Face.")] = None,
    heads: Annotated[
        int | None, typer.Option(min=1, help="na_diff: attention heads of a DiT whose size is not a published one.")
    ] = None,
    clip_activation: Annotated[
        Activation | None, typer.Option(help="na_diff: what CLIP was trained with, where its files do not say.")
    ] = None,
    base: Annotated[_Part, typer.Option(help="medsyn: the low-resolution network.")] = None,
    upscaler: Annotated[_Part, typer.Option(help="medsyn: the super-resolution network.")] = None,
    text: Annotated[_Part, typer.Option(help="medsyn: the text encoder.")] = None,
    weights: Annotated[
        Weights | None,
        typer.Option(help="medsyn: where a folder holds two networks; the moving average when left out."),
    ] = None,
    upsample: Annotated[
        Order | None,
        typer.Option(help="medsyn: order of the way up; 'last' when left out, as the released weights want it."),
    ] = None,
    self_test: Annotated[
        _Part, typer.Option(help="medsyn: a chest CT to try the networks on; a procedural chest when left out.")
    ] = None,
    skip_self_test: Annotated[
        bool, typer.Option("--skip-self-test", help="medsyn: do not try the networks; it takes minutes without a GPU.")
    ] = False,
    licence: Annotated[str, typer.Option(help="Licence of the weights, when you know it better than the report.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of your model of that name.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be imported.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring weights in from local files, strictly, and say which tensor was filled from where.

    Nothing in a file is ever run. A DiT trunk alone is a starting point for training: its condition layers are new,
    and the model refuses to generate. MedSyn's networks must take noise from a chest, or they are refused.
    """
    from ctstudio.catalog.model_card import FILE_NAME
    from ctstudio.catalog.new_model import free_place
    from ctstudio.catalog.shelf import own_models_dir
    from ctstudio.io.storage import check_place

    given = dict(locals())
    system = _system(system, given)
    name = name or _name_from(path)
    if not dry_run:
        free_place(own_models_dir(), name, replace)
        check_place(own_models_dir())
    if (path / FILE_NAME).is_file():
        _refuse_parts(path, given)
        _adopt(path, name, system, replace, dry_run, as_json)
        return
    found: Found
    if system == MEDSYN:
        named = _named(base=base, upscaler=upscaler, text=text)
        found = import_medsyn.examined(path, named, weights or "ema", upsample or "last", self_test, skip_self_test)
    else:
        named = _named(denoiser=denoiser, vae=vae, clip=clip)
        found = import_na_diff.examined(path, named, heads, clip_activation.value if clip_activation else None)
    lines, facts = found.lines(licence), found.facts(licence)
    if not dry_run:
        folder = _written(found, name, licence, replace)
        facts |= {"name": name, "folder": str(folder)}
        lines.append(f"The model {name} is in {folder}.")
    answer(as_json, facts, lines)


def _system(system: str, given: Mapping[str, Any]) -> str:
    """The system asked for, when weights of it can be imported and no option of another was given."""
    from ctstudio.catalog.cards import all_cards

    known = {card.system for card in all_cards()}
    asked = system.replace("-", "_")
    if asked not in _OPTIONS:
        what = "cannot be imported yet" if asked in known else ""
        message = f"Weights of {system} {what}." if what else f"There is no system {system!r}."
        raise ParameterError(message, f"Give --system {NA_DIFF} or --system {MEDSYN}.")
    strange = [name for other, names in _OPTIONS.items() if other != asked for name in names if given[name]]
    if strange:
        option = strange[0].replace("_", "-")
        raise ParameterError(f"Weights of {asked} have no --{option}.", f"Leave --{option} out.")
    return asked


def _named(**places: Path | None) -> dict[str, Path]:
    return {part: place for part, place in places.items() if place is not None}


def _name_from(path: Path) -> str:
    stem = path.resolve().stem if path.is_file() else path.resolve().name
    return re.sub(r"[^a-z0-9_.-]+", "-", stem.lower()).strip("-.")


def _refuse_parts(path: Path, given: Mapping[str, Any]) -> None:
    """A model's folder is taken whole."""
    for names in _OPTIONS.values():
        for name in names:
            if given[name]:
                option = name.replace("_", "-")
                raise ParameterError(f"{path} is a whole model already.", f"Leave --{option} out.")


def _written(found: Found, name: str, licence: str, replace: bool) -> Path:
    from ctstudio.catalog.shelf import own_models_dir
    from ctstudio.cli.progress import late_bar
    from ctstudio.io.storage import check_place, free_space_needed

    shelf = own_models_dir()
    check_place(shelf, free_space_needed(found.bytes))
    with late_bar("Writing the model") as bar:
        return found.written(name, shelf, licence, replace, lambda what, done, total: bar.at(done, total, what))


def _adopt(path: Path, name: str, system: str, replace: bool, dry_run: bool, as_json: bool) -> None:
    """A folder that is a model already: its digests are compared, and it is copied."""
    from ctstudio.catalog.new_model import adopt
    from ctstudio.catalog.shelf import own_models_dir

    folder, files = adopt(path, name, system, own_models_dir(), replace, dry_run)
    lines = [f"A model's folder: all {files} files are as model.json describes them."]
    lines += [] if dry_run else [f"The model {name} is in {folder}."]
    answer(as_json, {"name": name, "folder": "" if dry_run else str(folder), "files": files}, lines)
