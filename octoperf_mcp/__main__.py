"""`python -m octoperf_mcp`, and the console script."""

import gc
import sys


def main() -> None:
    """Run one command and exit with its status."""
    gc.disable()  # imports make what stays; each command turns the collector on when it is up
    from octoperf_mcp.cli.main import run  # noqa: PLC0415 - keeps `import octoperf_mcp` light

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
