"""`make deploy-check`: Django's deployment checks on the production settings, with secrets made for the occasion."""

import base64
import os
import secrets
import subprocess
import sys

from .servers import PROJECT_DIR


def production_environment() -> dict[str, str]:
    """Return an environment that production settings accept; nothing listens at its addresses."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "DJANGO_SETTINGS_MODULE": "casino_platform.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "DATABASE_URL": "postgresql://casino@127.0.0.1:1/casino",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "ALLOWED_HOSTS": "casino.example",
        "CREDENTIALS_KEYS": f"check:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }


def main() -> int:
    """Run the checks; any warning fails."""
    finished = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=production_environment(),
        cwd=PROJECT_DIR,
        check=False,
    )
    return finished.returncode


if __name__ == "__main__":
    sys.exit(main())
