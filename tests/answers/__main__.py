"""The server's process: `python -m tests.answers`. It prints its port, and serves until its input ends."""

from __future__ import annotations

import argparse
import sys

from .server import Server


def main() -> None:
    """Serves until whoever started it is gone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="listen on this port instead of a free one")
    server = Server(parser.parse_args().port)
    print(server.port, flush=True)
    sys.stdin.read()
    server.close()


if __name__ == "__main__":
    main()
