"""Runs one command with DATABASE_URL and REDIS_URL set: given, the demo's, or new ones for its time."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

from .servers import DATA_DIR, PROJECT_DIR, embedded_servers


@contextlib.contextmanager
def server_environment() -> Iterator[dict[str, str]]:
    """Yield this process's environment with the two URLs in it, for as long as the servers are needed."""
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        yield dict(os.environ)
        return
    with embedded_servers(DATA_DIR) as servers:
        found = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        yield {**found, **{name: value for name, value in os.environ.items() if value or name not in found}}


def main() -> int:
    """Run the command given as arguments and return its status."""
    if len(sys.argv) == 1:
        print("usage: python -m casino_platform.runtime.run COMMAND...", file=sys.stderr)
        return 2
    with server_environment() as environment:
        try:
            return subprocess.run(sys.argv[1:], env=environment, cwd=PROJECT_DIR, check=False).returncode
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
