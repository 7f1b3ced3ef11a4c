"""Sizes of NA-Diff: the paper's and the demo's."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from ctstudio.core.windows import Window
from ctstudio.core.working_grid import FieldOfView
from ctstudio.nets.dit import DiTConfig

Condition = Literal["noise_map", "mask"]


class NaDiffConfig(BaseModel):
    """Everything that decides the networks, stored in `model.json` under `config`.

    Attributes:
        image_size: Edge of the square slice, pixels.
        pixel_mm: Pixel spacing of that slice.
        window_level_hu, window_width_hu: What -1 and 1 mean in HU.
        vae_factor: Pixels to a latent pixel along one edge.
        latent_channels: Channels of z.
        image_channels: 3 for the paper's VAE, which sees the grey slice three times; 1 for the demo's.
        latent_mean, latent_std: z is normalised with these, channel by channel; one value each for the paper's 0.18215.
        patch, hidden, depth, heads: The trunk.
        clip_dim: Length of a CLIP image embedding.
        conditions: What the condition vector is made of: noise map or mask alone (Sep-Diff), or both (Cat-Diff).
        fusion: How two conditions become one: "concat" (eq. 12), or "sum", which the paper shows to be worse (Table 9).
        spatial: Whether mask and noise map also enter at latent resolution (ours).
        rim: Channels of the convolutions around the trunk (ours); 0 for none, as the paper's network. Tokens narrower
            than their patch need them to carry what cannot be guessed, CT noise; the spatial variant needs them too.
        control: How many of the trunk's first blocks a ControlNet steers, which hears mask and noise map at latent
            resolution; 0 for none (the paper compares with one).
        layout: Channels of each level of the network that completes a partial mask; empty when there is none (ours).
        learn_sigma: Whether the network also predicts the variance (DiT).
        prediction: What the network predicts: "epsilon" (paper) or "v_prediction".
        label_groups: Names of the mask channels, in order, with their label names.
        told_groups: The only channels that the model is told of, whatever else a mask holds; empty for all. A
            ControlNet hears all.
        noise_map_scale_hu: Noise map value that becomes 1.
        few_steps: Timesteps of a distilled student, falling; empty for a model that any sampler may use.
        few_steps_redraw: Whether the student gets fresh noise between its steps, as consistency models do.
        noise_gain, noise_floor_hu: How the trained model answers a noise map: SD^2 = (gain * map)^2 + floor^2. The map
            it is told is corrected for both; 1 and 0 correct nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    image_size: int = 256
    pixel_mm: float = 1.5
    window_level_hu: float = 40.0
    window_width_hu: float = 400.0
    vae_factor: int = 8
    latent_channels: int = 4
    image_channels: int = 3
    latent_mean: tuple[float, ...] = (0.0,)
    latent_std: tuple[float, ...] = (1 / 0.18215,)
    patch: int = 4
    hidden: int = 1024
    depth: int = 24
    heads: int = 16
    clip_dim: int = 768
    conditions: tuple[Condition, ...] = ("noise_map", "mask")
    fusion: Literal["concat", "sum"] = "concat"
    spatial: bool = False
    rim: int = 0
    control: int = 0
    layout: tuple[int, ...] = ()
    learn_sigma: bool = True
    prediction: str = "epsilon"
    label_groups: dict[str, tuple[str, ...]] = {}
    told_groups: tuple[str, ...] = ()
    noise_map_scale_hu: float = 150.0
    few_steps: tuple[int, ...] = ()
    few_steps_redraw: bool = False
    noise_gain: float = 1.0
    noise_floor_hu: float = 0.0

    @property
    def latent_side(self) -> int:
        """Edge of z, latent pixels."""
        return self.image_size // self.vae_factor

    @property
    def field_of_view(self) -> FieldOfView:
        """What the network sees of a slice."""
        return FieldOfView(self.image_size, self.pixel_mm)

    @property
    def window(self) -> Window:
        """The HU range the network sees."""
        return Window(self.window_level_hu, self.window_width_hu)

    @property
    def spatial_channels(self) -> int:
        """Channels of mask and noise map at latent resolution: occupancy and "given" flag of each group, the map."""
        return 2 * len(self.label_groups) + 1

    @model_validator(mode="after")
    def _rim_of_the_spatial_variant(self) -> NaDiffConfig:
        if self.spatial and not self.rim:
            raise ValueError("the spatial variant needs a rim of convolutions; set rim to 32 or more")
        if self.rim and self.learn_sigma:
            raise ValueError("a network with a rim does not learn the variance; set learn_sigma to false, or rim to 0")
        return self

    def trunk(self) -> DiTConfig:
        """Sizes of the DiT."""
        out_channels = self.latent_channels * (2 if self.learn_sigma else 1)
        return DiTConfig(
            side=self.latent_side,
            patch=self.patch,
            in_channels=self.rim or self.latent_channels,
            out_channels=self.rim or out_channels,
            hidden=self.hidden,
            depth=self.depth,
            heads=self.heads,
        )


PAPER = NaDiffConfig()
"""DiT-L/4 on the latents of Stable Diffusion's VAE, CLIP ViT-L/14 (NA-Diff, section 4.1)."""
