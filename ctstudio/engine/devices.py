"""Where a request is worked on: device, dtype, their names, versions and memory."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import psutil
import torch

from ctstudio.core.errors import ParameterError

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_PACKAGES = ("ctstudio", "torch", "diffusers", "numpy")


@dataclass(frozen=True)
class Placement:
    """A device and the dtype that networks run in there."""

    device: torch.device
    dtype: torch.dtype

    @property
    def device_name(self) -> str:
        """For example "cpu" or "cuda: NVIDIA L4"."""
        return describe(self.device)

    @property
    def dtype_name(self) -> str:
        """Either "fp32" or "bf16"."""
        return next(name for name, dtype in _DTYPES.items() if dtype == self.dtype)


def place(device: str = "auto", dtype: str = "auto", cpu_bf16: bool = False) -> Placement:
    """What "auto" means here: CUDA in bf16 where there is such a card, else the CPU in fp32.

    Args:
        device: "auto", "cpu" or "cuda".
        dtype: "auto", "fp32" or "bf16".
        cpu_bf16: Whether the networks are as good in bf16 on a processor, which is taken where the processor has it.

    Raises:
        ParameterError: An unknown word, or CUDA where there is none.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ParameterError(f"There is no device {device!r}.", "Choose 'auto', 'cpu' or 'cuda'.")
    if dtype not in ("auto", *_DTYPES):
        raise ParameterError(f"There is no dtype {dtype!r}.", "Choose 'auto', 'fp32' or 'bf16'.")
    if device == "cuda" and not torch.cuda.is_available():
        raise ParameterError("This machine has no graphics card that torch can use.", "Choose device 'auto' or 'cpu'.")
    on_cuda = device != "cpu" and torch.cuda.is_available()
    if dtype == "auto":
        native = torch.cuda.is_bf16_supported(including_emulation=False) if on_cuda else cpu_bf16 and cpu_has_bf16()
        dtype = "bf16" if native else "fp32"
    return Placement(torch.device("cuda" if on_cuda else "cpu"), _DTYPES[dtype])


def cpu_has_bf16() -> bool:
    """Whether the processor multiplies in bf16 itself (AVX512-BF16 or AMX); elsewhere it is slower than fp32."""
    looks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(look is not None and look() for look in looks)


def describe(device: torch.device) -> str:
    """The name of a device for people and for the provenance."""
    return f"cuda: {torch.cuda.get_device_name(device)}" if device.type == "cuda" else device.type


def versions() -> dict[str, str]:
    """Versions by name of what decides a result besides the request."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def memory(device: torch.device) -> tuple[int, int]:
    """Bytes in use and in all: of the graphics card, or of this process and the machine on the CPU."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return total - free, total
    return psutil.Process().memory_info().rss, psutil.virtual_memory().total


def use_all_cores() -> None:
    """Let torch use every core this process may run on, unless OMP_NUM_THREADS says otherwise.

    The process is nice instead, so that the window stays quick.
    """
    if "OMP_NUM_THREADS" in os.environ:
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if torch.get_num_threads() != cores:
        torch.set_num_threads(cores)
