"""What a machine says of itself: memory, and use of its processors."""

import psutil

_MB = 1 << 20


def memory_mb() -> int:
    """Memory of this machine."""
    return int(psutil.virtual_memory().total // _MB)


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
