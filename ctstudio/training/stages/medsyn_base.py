"""MedSyn's base network, trained on coarse chests and the features of their reports.

Source: MedSyn, section III-C: x_0 is predicted, all four channels weigh alike, a tenth of the texts is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ctstudio.catalog.medsyn_recipe import CoarseSettings
from ctstudio.nets.memory_layout import channels_last, laid_out
from ctstudio.systems.medsyn.network import BaseNetwork
from ctstudio.systems.medsyn.sampling import Predict
from ctstudio.systems.medsyn.schedule import LARGEST_TIME, noised, stratified_times
from ctstudio.systems.medsyn.text import TextEncoder
from ctstudio.training.chests import CoarseChests, as_tensor
from ctstudio.training.reports import ReportOfPhantom
from ctstudio.training.stage import Batch


class BaseStage:
    """Batches and loss.

    Args:
        network: What is trained.
        encoder: Frozen; it is kept on the network's device.
        chests: What to make.
        reports: Of each chest's patient, in the order of the chests, each in several wordings.
        settings: How.
    """

    def __init__(
        self,
        network: BaseNetwork,
        encoder: TextEncoder,
        chests: CoarseChests,
        reports: Sequence[Sequence[ReportOfPhantom]],
        settings: CoarseSettings,
    ) -> None:
        self.module, self._encoder, self._chests = channels_last(network), encoder, chests
        self._reports, self._settings = reports, settings

    def __len__(self) -> int:
        return len(self._chests)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """Which chests, in which wording, whether the text is heard, at what time, with what noise."""
        count = self._settings.batch
        which = torch.randint(len(self), (count,), generator=generator)
        return {
            "which": which,
            "wording": torch.randint(len(self._reports[0]), (count,), generator=generator),
            "heard": torch.rand(count, generator=generator) >= self._settings.drop,
            "t": stratified_times(count, generator, self._settings.lateness),
            "noise": torch.randn(count, *self._chests.volumes.shape[1:], generator=generator),
        }

    def loss(self, batch: Batch) -> Tensor:
        """Mean squared error of the clean volume."""
        made, x_0 = self.made(batch)
        return functional.mse_loss(made.float(), x_0)

    def posed(self, batch: Batch, texts: Tensor | None = None) -> tuple[Tensor, Predict]:
        """The clean volumes of a batch (B, 4, s, s, s), and the network with its texts: (x_t, t in 0..1) to x_0.

        Args:
            batch: From `draw`, on the network's device.
            texts: (B, T, width) to hear instead of the batch's own.
        """
        count, network = len(batch["noise"]), self.module
        x_0 = as_tensor(self._chests.volumes[batch["which"].cpu().numpy()]).to(batch["noise"].device)
        told = network.told(self.features(batch) if texts is None else texts, count)
        return x_0, lambda x_t, t: network(laid_out(x_t), t * LARGEST_TIME, told)

    def made(self, batch: Batch, texts: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What the network makes of a noised batch, and what it should have made, (B, 4, s, s, s) each.

        Args:
            batch: From `draw`, on the network's device.
            texts: (B, T, width) to hear instead of the batch's own, to see whether the text is used.
        """
        x_0, predict = self.posed(batch, texts)
        return predict(noised(x_0, batch["noise"], batch["t"]), batch["t"]), x_0

    def report(self, chest: int) -> ReportOfPhantom:
        """The first report of a chest's patient."""
        return self._reports[chest][0]

    def encoded(self, *reports: ReportOfPhantom) -> Tensor:
        """(B, T, width): what the network hears of reports."""
        return self._encoder.encode([(report.findings, report.impression) for report in reports])

    def features(self, batch: Batch) -> Tensor:
        """(B, T, width) of the batch's reports, or of no text where it is not heard."""
        rows = zip(batch["which"].tolist(), batch["wording"].tolist(), strict=True)
        reports = [self._reports[chest][wording] for chest, wording in rows]
        texts = self.encoded(*reports)
        heard = batch["heard"][:, None, None]
        return torch.where(heard, texts.to(heard.device), self.module.null_cond_emb)
