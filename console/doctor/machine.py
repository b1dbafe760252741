"""The machine: cores, memory, disk, GPUs."""

import os
import platform
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from console.doctor.finding import Finding, Verdict, gibibytes

DEMO_MEMORY: Final = 2 * 2**30  # three services with a 576x320 clip take about half of it
DEMO_DISK: Final = 2**30
MODELS_MEMORY: Final = 16 * 2**30
INSTALL_MODELS: Final = 'pip install "semvid[models]"'

# What decoders and MLLMs fit by memory of one GPU; docs/models.md has the table that this sums up.
_CARDS: Final = (
    (75, "80gb", "LTX-Video 13B and Wan 14B in bfloat16, Qwen3-VL-8B"),
    (22, "24gb", "LTX-Video 13B distilled with int8 and offload, or Wan VACE 1.3B; Qwen3-VL-4B"),
    (15, "24gb", "LTX-Video 2B or Wan VACE 1.3B with offload; Qwen3-VL-2B or -4B"),
)


def python() -> Finding:
    """The interpreter."""
    version = platform.python_version()
    return Finding("python", Verdict.OK, version, facts={"version": version})


def processor() -> Finding:
    """Cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Finding("processor", Verdict.OK, f"{cores} cores, {platform.machine()}", facts={"cores": cores})


def memory() -> Finding:
    """Main memory that is there and that is free; the container's limit where it is lower."""
    total, available = _main_memory()
    facts = {"total": total, "available": available}
    found = f"{gibibytes(total)}, {gibibytes(available)} free"
    if available < DEMO_MEMORY:
        return Finding(
            "memory", Verdict.MISSING, found, f"free {gibibytes(DEMO_MEMORY)} for the three services", facts
        )
    if total < MODELS_MEMORY:
        return Finding("memory", Verdict.OK, f"{found}; too little to load large models", facts=facts)
    return Finding("memory", Verdict.OK, found, facts=facts)


def disk(folder: Path) -> Finding:
    """Space where ``folder`` is, or will be."""
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(there).free
    facts = {"free": free, "folder": str(there)}
    found = f"{gibibytes(free)} free at {there}"
    if not os.access(there, os.W_OK):
        return Finding("disk", Verdict.MISSING, f"{there} cannot be written", "go to another folder", facts)
    if free < DEMO_DISK:
        return Finding("disk", Verdict.MISSING, found, f"free {gibibytes(DEMO_DISK)}", facts)
    return Finding("disk", Verdict.OK, found, facts=facts)


def gpus() -> Finding:
    """GPUs as torch sees them, and what fits on the largest."""
    driver = shutil.which("nvidia-smi") is not None
    none = {"gpus": [], "driver": driver}
    if find_spec("torch") is None:
        there = ", but an NVIDIA driver is" if driver else " and there is no driver"
        remedy = INSTALL_MODELS if driver else ""
        return Finding("gpu", Verdict.ABSENT, f"torch is not installed{there}", remedy, none)
    import torch

    if not torch.cuda.is_available():
        built = f"CUDA {torch.version.cuda}" if torch.version.cuda else "the CPU only"
        found = f"none; torch {torch.__version__} is built for {built}. The embedded models need none"
        remedy = ""
        if driver and not torch.version.cuda:
            remedy = "pip install --force-reinstall torch  # the build for CUDA; this one is for the CPU only"
        return Finding("gpu", Verdict.ABSENT, found, remedy, none)
    cards: list[dict[str, Any]] = []
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        free, total = torch.cuda.mem_get_info(index)
        cards.append({"name": properties.name, "memory": total, "free": free})
    largest = max(card["memory"] for card in cards)
    names = ", ".join(f"{card['name']} ({gibibytes(card['memory'])})" for card in cards)
    return Finding("gpu", Verdict.OK, f"{names}. {fits(largest)}", facts={"gpus": cards})


def fits(memory_bytes: int) -> str:
    """What runs on one GPU of that memory."""
    for least, card, models in _CARDS:
        if memory_bytes >= least * 2**30:
            return f"Fits: {models} (SEMVID_RECEIVER_DECODER_CARD={card})"
    return "Too small for the video models that semvid knows; the embedded decoder needs no GPU"


def _main_memory() -> tuple[int, int]:
    page = os.sysconf("SC_PAGE_SIZE")
    total = page * os.sysconf("SC_PHYS_PAGES")
    available = page * os.sysconf("SC_AVPHYS_PAGES")
    try:  # pages of the file cache count as free here
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        table = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if len(line.split()) > 1}
        available = table.get("MemAvailable", available)
    except OSError:
        pass
    limit, used = _control_group()
    if limit is not None and limit < total:
        total, available = limit, min(available, max(0, limit - used))
    return total, available


def _control_group() -> tuple[int | None, int]:
    """Limit and use of this container's memory (control groups version 2); None without a limit."""
    root = Path("/sys/fs/cgroup")
    try:
        limit = (root / "memory.max").read_text(encoding="ascii").strip()
        used = int((root / "memory.current").read_text(encoding="ascii"))
        cache = next(
            int(line.split()[1])
            for line in (root / "memory.stat").read_text(encoding="ascii").splitlines()
            if line.startswith("inactive_file ")
        )
    except (OSError, ValueError, StopIteration):
        return None, 0
    return (None if limit == "max" else int(limit)), max(0, used - cache)
