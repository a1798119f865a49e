"""`make demo-reset`: forgets everything the demo stored. Leaves the tests' servers alone."""

import shutil
import sys
from pathlib import Path

from .places import fallback_path
from .servers import DATA_DIR, AlreadyOwned, own

# Made by the demo; `test/` and `bench/` belong to others.
_FORGOTTEN = (
    "postgres",
    "redis",
    "run",
    "ports",
    "log",
    "metrics",
    "secrets",
    "servers.json",
    "demo.json",
    "demo-seed.json",
    "celerybeat-schedule",
)


def reset(data_dir: Path) -> None:
    """
    Delete what the demo keeps below `data_dir`, and what its links point to.

    :raises AlreadyOwned: if the demo is running
    """
    lock = own(data_dir, timeout_seconds=10)
    try:
        for name in _FORGOTTEN:
            _remove(data_dir / name)
        shutil.rmtree(fallback_path(data_dir), ignore_errors=True)
    finally:
        lock.release()


def _remove(path: Path) -> None:
    if path.is_symlink():
        shutil.rmtree(path.resolve(), ignore_errors=True)
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def main() -> int:
    """Reset the demo of this checkout."""
    try:
        reset(DATA_DIR)
    except AlreadyOwned:
        print("The demo is running here: stop it first.", file=sys.stderr)
        return 1
    print("The demo is forgotten. `make demo` starts anew.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
