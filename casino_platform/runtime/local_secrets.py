"""Secrets a machine makes for itself (development, demo, tests), each in a file only its owner reads."""

import base64
import hashlib
import os
import secrets
from pathlib import Path


def local_secret(data_dir: Path, name: str) -> str:
    """Return the secret kept under `name`, made at the first call."""
    path = data_dir / "secrets" / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Two processes may start at once: the link makes one of them win, and both read the winner's.
    draft = path.with_name(f"{name}.{os.getpid()}.draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()


def local_credentials_key(data_dir: Path) -> str:
    """Return this machine's `kid:base64` key that encrypts stored vendor credentials."""
    return _credentials_key("local", local_secret(data_dir, "credentials-key"))


def test_credentials_key() -> str:
    """Return the key of the test runs, the same in each process of a run."""
    return _credentials_key("test", "not a secret")


def _credentials_key(kid: str, secret: str) -> str:
    return f"{kid}:{base64.b64encode(hashlib.sha256(secret.encode()).digest()).decode()}"
