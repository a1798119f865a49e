"""Where server files lie, and as whom servers run: PostgreSQL refuses root, and must reach its files."""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

# The longest socket path Linux takes is 107 bytes; PostgreSQL appends "/.s.PGSQL.65535.lock".
_LONGEST_SOCKET_DIRECTORY = 80
_UNPRIVILEGED_USER = "nobody"


class UnableToPlaceServers(RuntimeError):
    """The machine offers no user or directory for the embedded servers; the text says which."""


@dataclass(frozen=True)
class Identity:
    """A user the servers run as."""

    uid: int
    gid: int


class SpawnOptions(TypedDict, total=False):
    """What subprocess needs to start a program as another user."""

    user: int
    group: int
    extra_groups: list[int]


def spawn_options(identity: Identity | None) -> SpawnOptions:
    """Return subprocess's options for running as `identity`; none for running as ourselves."""
    if identity is None:
        return {}
    return {"user": identity.uid, "group": identity.gid, "extra_groups": []}


def server_identity() -> Identity | None:
    """Return whom the servers run as; None means as ourselves, because we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED_USER)
    except KeyError as error:
        message = f"PostgreSQL does not run as root, and there is no user {_UNPRIVILEGED_USER!r} to run it as"
        raise UnableToPlaceServers(message) from error
    return Identity(uid=entry.pw_uid, gid=entry.pw_gid)


def is_reachable(path: Path, identity: Identity | None) -> bool:
    """Tell whether the server's user can enter `path` (a checkout under /root with mode 700 it can not)."""
    if identity is None:
        return os.access(path, os.X_OK)
    finished = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
        cwd="/",
        check=False,
        **spawn_options(identity),
    )
    return finished.returncode == 0


def fallback_path(data_dir: Path) -> Path:
    """Return the directory outside the checkout that the server's user can reach, keyed by the checkout."""
    key = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"casino-platform-{os.geteuid()}-{key}"  # noqa: S108 - whoever uses it checks its owner


def fallback_directory(data_dir: Path) -> Path:
    """
    Make the fallback directory and return it.

    :raises UnableToPlaceServers: if somebody else made it first
    """
    path = fallback_path(data_dir)
    path.mkdir(mode=0o711, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        message = f"{path} belongs to somebody else"
        raise UnableToPlaceServers(message)
    return path


def server_directory(data_dir: Path, name: str, identity: Identity | None) -> Path:
    """
    Return, made, the private directory `name` of one server below `data_dir`.

    Where the server's user could not reach it there, it lies in the fallback directory and
    `data_dir` holds a link to it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    wanted = data_dir / name
    if wanted.is_symlink() or not is_reachable(data_dir, identity):
        target = fallback_directory(data_dir) / name
        if not wanted.is_symlink():
            wanted.symlink_to(target)
        wanted = target
    wanted.mkdir(mode=0o700, exist_ok=True)
    give_to(wanted, identity)
    return wanted


def socket_directory(data_dir: Path, identity: Identity | None) -> Path:
    """Return a directory for the Unix socket whose path is short enough."""
    path = server_directory(data_dir, "run", identity)
    if len(os.fsencode(path)) > _LONGEST_SOCKET_DIRECTORY:
        path = fallback_directory(data_dir) / "run"
        path.mkdir(mode=0o700, exist_ok=True)
        give_to(path, identity)
    return path


def reachable_program(tree: Path, program: str, data_dir: Path, identity: Identity | None, *beside: Path) -> Path:
    """
    Return the path of `program` inside `tree`, copied to where the server's user can run it if need be.

    :param tree: directory that holds the program and all it loads by relative path
    :param beside: further directories the program expects next to `tree`
    """
    if is_reachable(tree / program, identity):
        return tree / program
    copies = fallback_directory(data_dir) / "programs"
    copies.mkdir(mode=0o755, exist_ok=True)
    for source in (tree, *beside):
        _copy_once(source, copies / source.name)
    return copies / tree.name / program


def _copy_once(source: Path, target: Path) -> None:
    if target.exists():
        return
    draft = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    # The graph module next to redis-server is large, and nobody loads it.
    shutil.copytree(source, draft / "tree", ignore=shutil.ignore_patterns("falkordb.so", "__pycache__"))
    draft.chmod(0o755)
    try:
        (draft / "tree").rename(target)
    except OSError:
        if not target.exists():  # otherwise somebody else copied it first
            raise
    shutil.rmtree(draft)


def give_to(path: Path, identity: Identity | None) -> None:
    """Make the server's user the owner of `path`."""
    if identity is not None:
        os.chown(path, identity.uid, identity.gid)


def write_private(path: Path, text: str, identity: Identity | None) -> None:
    """Write a file that only its owner, the server's user, reads."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    path.chmod(0o600)
    give_to(path, identity)
