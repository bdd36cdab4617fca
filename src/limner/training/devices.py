"""Devices of a run: one, or several on one machine or many that share the batch.

Each process has complete networks and optimisers and learns from its part of each batch. The
gradients are averaged here, without `DistributedDataParallel`, which is not made for networks that
run several times before one step and are frozen in between.
"""

import atexit
import os
from collections.abc import Iterable, Mapping
from threading import Event
from typing import Any, Self, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn

from limner.engines import cores
from limner.errors import RunError, UsageError
from limner.training.config import Config
from limner.training.feeding.batch import Part

__all__ = [
    "any_rank",
    "any_rank_set",
    "average_gradients",
    "begin_step",
    "caches_on_device",
    "check_consistent",
    "compile_network",
    "differences",
    "fabric_of",
    "gather",
    "is_rank_zero",
    "mean_of",
    "part_of",
    "runtime",
    "workers_of",
]

_SETTING_OF = {"resident": "cache_on_device"}
"""Settings whose entry in the checkpoint has kept a former name."""
MOST_WORKERS = 16
_OF_MEMORY = 0.25
"""Share of a GPU's free memory that images may take."""
_PRECISIONS = ("32-true", "bf16-mixed")
_LISTEN_EVERY = 10
"""Steps after which processes on GPUs synchronise: it makes them wait."""


class _Together(DDPStrategy):
    """Distributed processes; their networks are not wrapped."""

    def setup_module(self, module: nn.Module) -> nn.Module:  # type: ignore[override]
        return module

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The copy of a network that becomes its EMA belongs to the same processes."""
        return self


def fabric_of(config: Config, before: Mapping[str, Any] | None = None) -> Fabric:
    """Set up the processes of a run as `config` says, and start them unless torchrun has.

    Args:
        config: Of the run.
        before: How the checkpoint that the run resumes from was computed, see `runtime`.

    Raises:
        UsageError: The devices are missing, or cannot share the batches.
    """
    here, hosts = _processes(config)
    if config.batch % (here * hosts):
        raise UsageError(
            f"batch is {config.batch}, which {here * hosts} processes cannot share equally; set it "
            f"to a multiple of {here * hosts}"
        )
    try:
        fabric = Fabric(
            accelerator=config.device,
            devices=here,
            num_nodes=hosts,
            strategy=_Together() if here * hosts > 1 else "auto",
            precision=_precision(config, before or {}),
        )
    except (RuntimeError, ValueError, MisconfigurationException) as error:
        raise UsageError(
            f"device is '{config.device}' and {here} of them are required, but torch "
            f"{torch.__version__} cannot find them on this machine; device=auto uses what is "
            "available"
        ) from error
    fabric.launch()
    if fabric.world_size > 1:
        atexit.register(_leave)
    if config.threads:
        torch.set_num_threads(config.threads)
    if fabric.device.type == "cuda":
        torch.backends.cudnn.benchmark = True  # all batches but the last have the same shape
        torch.set_float32_matmul_precision("high")
    return fabric


def _leave() -> None:
    """Leave the group of processes: gloo's threads may abort a process that ends without it."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def is_rank_zero() -> bool:
    """Whether this process is the one that writes files and messages."""
    there = torch.distributed.is_available() and torch.distributed.is_initialized()
    return not there or torch.distributed.get_rank() == 0


def part_of(fabric: Fabric, first: int, count: int) -> Part:
    """The part of the batch of images `first` to `first + count` that this process has.

    A last batch that cannot be shared equally goes to every process: the mean is the same.
    """
    if fabric.world_size == 1 or count % fabric.world_size:
        return Part(first=first, count=count)
    own = count // fabric.world_size
    return Part(first=first + fabric.global_rank * own, count=own, shared=True)


def average_gradients(fabric: Fabric, networks: Iterable[nn.Module]) -> None:
    """Give all processes the mean of their gradients."""
    if fabric.world_size == 1:
        return
    parameters = [parameter for network in networks for parameter in network.parameters()]
    gradients = [one.grad for one in parameters if one.grad is not None]
    mean = mean_of(fabric, torch.cat([one.reshape(-1) for one in gradients]))
    pieces = torch.split(mean, [one.numel() for one in gradients])
    for gradient, piece in zip(gradients, pieces, strict=True):
        gradient.copy_(piece.view_as(gradient))


def mean_of(fabric: Fabric, tensor: Tensor) -> Tensor:
    """The mean of all processes' tensors."""
    return cast("Tensor", fabric.all_reduce(tensor, reduce_op="mean"))


def gather(fabric: Fabric, part: Tensor) -> Tensor:
    """`[B, ...]` of all processes, concatenated by rank, without gradients."""
    return cast("Tensor", fabric.all_gather(part.detach())).flatten(0, 1)


def any_rank_set(fabric: Fabric, event: Event, *, step: int) -> bool:
    """Whether the event is set in any process: the same answer in all, after a small delay."""
    if fabric.world_size > 1 and fabric.device.type != "cpu" and step % _LISTEN_EVERY:
        return False
    return any_rank(fabric, event.is_set())


def any_rank(fabric: Fabric, fact: bool) -> bool:  # noqa: FBT001 - a fact, no flag
    """Whether `fact` is true in any process: the same answer in all."""
    if fabric.world_size == 1:
        return fact
    return bool(mean_of(fabric, torch.tensor(float(fact), device=fabric.device)) > 0)


def check_consistent(fabric: Fabric, facts: Mapping[str, Any]) -> None:
    """Make sure that all processes have the same values.

    Raises:
        RunError: They do not; raised in all processes.
    """
    if fabric.world_size == 1:
        return
    gather: list[Mapping[str, Any] | None] = [None] * fabric.world_size
    torch.distributed.all_gather_object(gather, dict(facts))
    for name in facts:
        if len(values := {str(one and one[name]) for one in gather}) > 1:
            raise RunError(
                f"the processes of this run do not see the same {name} ({', '.join(sorted(values))}"
                "); the dataset and the run folder must be the same on all hosts"
            )


def runtime(
    config: Config, fabric: Fabric, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """How a run is computed, which only affects the last bits; `before` as in `fabric_of`."""
    return {
        "processes": fabric.world_size,
        "device": fabric.device.type,
        "precision": _precision(config, before or {}),
        "compile": _compile(config, fabric),
        "threads": torch.get_num_threads(),
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What differs in how a resumed run is computed, as text; '' if nothing does or is known."""
    listed = ", ".join(
        f"{_SETTING_OF.get(name, name)} {now[name]} (it was {before[name]})"
        for name in now
        if before.get(name, now[name]) != now[name]
    )
    if not listed:
        return ""
    return (
        f"resumes with {listed}: images and order are the same, but rounding differs, so the "
        "result will not be bit-identical"
    )


def workers_of(config: Config, fabric: Fabric) -> int:
    """Processes that prefetch for each training process; 0 for none."""
    if config.workers or fabric.device.type == "cpu":
        return config.workers
    here, _ = _processes(config)
    return min(MOST_WORKERS, max(0, cores() // here - 1))


def caches_on_device(config: Config, fabric: Fabric, *, size: int, sketched: bool) -> bool:
    """Whether all images are kept on the device.

    Args:
        config: Of the run; 'auto' decides by the device.
        fabric: Of the run.
        size: Of the images, in bytes.
        sketched: Whether sketches are made of them, which is done on the CPU.
    """
    if config.cache_on_device != "auto":
        return config.cache_on_device == "on"
    if sketched or fabric.device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(fabric.device)
    return size <= _OF_MEMORY * free


def compile_network(network: nn.Module, config: Config, fabric: Fabric) -> None:
    """Compile a network in place if `config` says so; the names of its weights do not change."""
    wanted = _compile(config, fabric)
    if wanted != "off":
        network.compile(mode="reduce-overhead" if wanted == "graphs" else None)


def begin_step(config: Config) -> None:
    """Release the results of the last step: CUDA graphs overwrite their memory."""
    if config.compile == "graphs":
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]


def _compile(config: Config, fabric: Fabric) -> str:
    if config.compile == "auto":
        return "on" if fabric.device.type == "cuda" else "off"
    return config.compile


def _precision(config: Config, before: Mapping[str, Any]) -> Any:
    """That of `config`, or else of the checkpoint that a run resumes from, or the fastest here.

    The machine's capabilities decide, not a timing: they are the same for all processes and at all
    times, while other work on the machine can reverse a timing of some milliseconds.
    """
    if config.precision != "auto":
        return config.precision
    device = _device(config)
    if before.get("device") == device and before.get("precision") in _PRECISIONS:
        return before["precision"]
    if device == "cuda":
        # Older GPUs emulate bf16, which is slower than float32.
        good = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        good = device == "cpu" and _cpu_has_bf16()
    return "bf16-mixed" if good else "32-true"


def _device(config: Config) -> str:
    """The kind of device that Fabric will take."""
    if config.device != "auto":
        return config.device
    if torch.backends.mps.is_available():
        return "mps"
    return "cuda" if torch.cuda.is_available() else "cpu"


def _cpu_has_bf16() -> bool:
    """Whether the CPU has bf16 products that oneDNN uses: AMX-BF16 or AVX512-BF16.

    Otherwise they are emulated, which is slower than float32.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    if hasattr(torch.cpu, "get_capabilities"):
        found = torch.cpu.get_capabilities()
        return bool(found.get("amx_bf16") or found.get("avx512_bf16"))
    # Older versions of torch have no public function for it.
    private = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, name, bool)() for name in private)


def _processes(config: Config) -> tuple[int, int]:
    """Processes per host, and hosts."""
    if not TorchElasticEnvironment.detect():
        return config.devices, 1
    here, all_ = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
    if all_ % here:
        raise UsageError(
            "torchrun started different numbers of processes on the hosts; start the same number "
            "on each"
        )
    return here, all_ // here
