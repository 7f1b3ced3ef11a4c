"""A model of the shelf, trained further: the whole denoiser, low-rank updates of it, or a ControlNet beside it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import nn

from ctstudio.catalog.medsyn_recipe import MedsynDistilRecipe
from ctstudio.catalog.recipe import Adaptation, DistilRecipe, FineTuneRecipe, StartedRecipe
from ctstudio.catalog.shelf import Model, check, find_model
from ctstudio.core.errors import ParameterError
from ctstudio.systems.na_diff.config import NaDiffConfig
from ctstudio.systems.na_diff.network import NaDiffNetwork
from ctstudio.systems.na_diff.weights import NaDiffModel, load
from ctstudio.training.export import export_adapted
from ctstudio.training.from_scratch import encode_all, load_latents, make_all
from ctstudio.training.na_diff_networks import sliced
from ctstudio.training.population_figures import measure_on_population
from ctstudio.training.run import Run, restored
from ctstudio.training.stages.denoiser import DenoiserStage
from ctstudio.training.validation import DenoiserLooker


def base_of(run: Run) -> Model:
    """The model a run starts from.

    Raises:
        ModelNotFound, DigestMismatch: It is not there, or not what its model.json says.
        ParameterError: It belongs to another system, lacks parts, or is to be a teacher and was never trained.
    """
    if not isinstance(run.recipe, StartedRecipe):
        raise TypeError(f"{run.recipe.name} starts from nothing")
    model = find_model(run.recipe.base)
    if model.info.system != run.recipe.system:
        raise ParameterError(
            f"The model {model.info.name} belongs to {model.info.system}, the recipe to {run.recipe.system}.",
            "Choose a model of the recipe's system: ctstudio models list.",
        )
    if model.info.lacks or (model.info.not_ready and isinstance(run.recipe, DistilRecipe | MedsynDistilRecipe)):
        remedy = "Import it with all its parts, or choose another base." if model.info.lacks else "Fine-tune it first."
        raise ParameterError(f"{run.recipe.name} cannot start from it: {model.info.not_ready}", remedy)
    check(model)
    return model


def load_base(run: Run) -> NaDiffModel:
    """It, loaded on the CPU in float32."""
    model = base_of(run)
    return load(model.folder, model.info, torch.device("cpu"), torch.float32)


def data(run: Run) -> None:
    """The slices of all patients, as the base sees them."""
    run.watcher.begin("data")
    make_all(run, NaDiffConfig.model_validate(base_of(run).info.config))


def latents(run: Run) -> None:
    """All slices encoded by the base's autoencoder."""
    run.watcher.begin("latents")
    base = load_base(run)
    encode_all(run, base.vae, base.config)


def denoiser(run: Run) -> None:
    """The denoiser, or what is added to it."""
    base, settings = load_base(run), sliced(run.recipe).denoiser
    network = adapted(base.network, _adaptation(run))
    stage = DenoiserStage(network, base.clip, load_latents(run, "train"), settings, base.groups)
    held = DenoiserStage(network, base.clip, load_latents(run, "validation"), settings, base.groups)
    run.train("denoiser", stage, settings, DenoiserLooker(held, base.vae, run.recipe.run))


def export(run: Run, which: str = "last") -> None:
    """The model's folder, low-rank updates merged."""
    run.watcher.begin("export")
    base = load_base(run)
    network = adapted(base.network, _adaptation(run))
    restored(run, "denoiser", network, which)
    export_adapted(run, base_of(run), merged(network), network.config, "denoiser")


def figures(run: Run) -> None:
    """What base and model reach on held-out phantoms of the population."""
    run.watcher.begin("figures")
    measure_on_population(run, base_of(run))


STAGES: dict[str, Callable[[Run], None]] = {
    "data": data,
    "latents": latents,
    "denoiser": denoiser,
    "export": export,
    "figures": figures,
}


def adapted(network: NaDiffNetwork, adaptation: Adaptation) -> NaDiffNetwork:
    """The network with the weights that shall be trained free, and all others fixed.

    Raises:
        ParameterError: A target names no layer.
    """
    if adaptation.method == "controlnet":
        return controlled(network, adaptation.control)
    if adaptation.method == "full":
        network.requires_grad_(True)
        network.trunk.pos_embed.requires_grad_(False)
        return network
    names = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    for target in adaptation.targets:
        if not any(name == target or name.endswith(f".{target}") for name in names):
            raise ParameterError(
                f"No layer's name ends with {target!r}.",
                f"Choose adapt.targets among: {', '.join(sorted(names)[:12])} …",
            )
    network.requires_grad_(False)
    config = LoraConfig(r=adaptation.rank, lora_alpha=adaptation.alpha, target_modules=list(adaptation.targets))
    return inject_adapter_in_model(config, network)  # type: ignore[return-value,arg-type]


def controlled(network: NaDiffNetwork, depth: int) -> NaDiffNetwork:
    """The network with a new ControlNet, which alone is free to learn.

    Args:
        network: Without one.
        depth: How many blocks it copies; 0 for half of them.

    Raises:
        ParameterError: More blocks than there are, a network that has a ControlNet, or one that has no mask channels.
    """
    config, blocks = network.config, len(network.trunk.blocks)
    if config.control:
        raise ParameterError("The base model has a ControlNet already.", 'Train it on with adapt.method = "full".')
    if not config.label_groups:
        raise ParameterError("The base model names no mask channels.", "Choose a base whose config has label_groups.")
    if depth > blocks:
        raise ParameterError(
            f"The base model has {blocks} blocks, not {depth}.", f"Set adapt.control to at most {blocks}."
        )
    steered = NaDiffNetwork(config.model_copy(update={"control": depth or max(1, blocks // 2)}))
    if next(network.parameters()).is_meta:
        return steered.to("meta")
    steered.load_state_dict(network.state_dict(), strict=False)
    steered.requires_grad_(False)
    if steered.control is not None:
        steered.control.begin_as(steered.trunk)
        steered.control.requires_grad_(True)
    return steered


def merged(network: NaDiffNetwork) -> NaDiffNetwork:
    """The network with its low-rank updates added to the weights, with the plain layers' names again."""
    for name, layer in list(network.named_modules()):
        if isinstance(layer, LoraLayer):
            layer.merge()
            parent, _, child = name.rpartition(".")
            setattr(network.get_submodule(parent), child, layer.get_base_layer())
    return network


def _adaptation(run: Run) -> Adaptation:
    if not isinstance(run.recipe, FineTuneRecipe):
        raise TypeError(f"{run.recipe.name} does not fine-tune")
    return run.recipe.adapt
