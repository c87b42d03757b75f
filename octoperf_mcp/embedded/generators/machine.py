"""What a machine says of itself: memory, and use of its processors."""

from importlib.metadata import entry_points

import psutil

_MB = 1 << 20


def memory_mb() -> int:
    """Memory of this machine."""
    return int(psutil.virtual_memory().total // _MB)


def plugin_versions() -> dict[str, str]:
    """Version of each installed distribution that has plugins; nothing of them is imported."""
    dists = [point.dist for point in entry_points(group="octoperf_mcp")]
    return {dist.name.replace("-", "_"): dist.version for dist in dists if dist is not None}


class Health:
    """Use of processors and memory, in percent of all."""

    def __init__(self) -> None:
        psutil.cpu_percent()

    def now(self) -> dict[str, float]:
        """Processors since the last question, memory at this moment."""
        return {
            "cpuPct": float(psutil.cpu_percent()),
            "memoryPct": float(psutil.virtual_memory().percent),
        }
