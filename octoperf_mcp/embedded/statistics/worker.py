"""The process in which NumPy and SciPy work; `sandbox` starts it for each question.

Standard input: JSON `{task, …}`. Standard output: the answer as JSON.
"""

import resource
import sys

import orjson

from octoperf_mcp.embedded.statistics.capacity import capacity
from octoperf_mcp.embedded.statistics.changes import changes
from octoperf_mcp.embedded.statistics.comparison import compare

CPU_LIMIT_S = 90
TASKS = {"capacity": capacity, "changes": changes, "compare": compare}


def main() -> None:
    """Answer one question of the parent and end; without it, end by the limit of CPU time."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    asked = orjson.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(orjson.dumps(TASKS[asked.pop("task")](asked)))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
