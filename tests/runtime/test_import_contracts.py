"""The rows of the architecture hold, and a bad import breaks them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from casino_platform.runtime.servers import PROJECT_DIR


def lint_imports(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the code to where it may be spoilt."""
    directory = tmp_path_factory.mktemp("checkout")
    for name in ("apps", "casino_platform"):
        ignored = shutil.ignore_patterns("__pycache__", "*.html", "*.sql")
        shutil.copytree(PROJECT_DIR / name, directory / name, ignore=ignored)
    shutil.copy(PROJECT_DIR / "pyproject.toml", directory)
    return directory


def test_the_code_keeps_the_contracts() -> None:
    finished = lint_imports(PROJECT_DIR)

    assert finished.returncode == 0, finished.stdout


BAD_IMPORTS = {
    "apps/core": "apps.players.models",  # a lower row calls up
    "apps/transactions": "apps.players.models",  # a neighbour in the same row
    "apps/integrations": "apps.brands.models",
    "apps/wallets": "apps.backoffice.apps",
    "apps/providers": "apps.sandbox.apps",
    "apps/brands": "casino_platform.celery",  # an app knows the project around it
    "casino_platform/runtime": "apps.core.ids",  # the runtime needs Django
}


def test_each_bad_import_breaks_a_contract(copy: Path) -> None:
    for importer, imported in BAD_IMPORTS.items():
        (copy / importer / "bad_import.py").write_text(f'"""Imports what it may not."""\n\nimport {imported}\n')

    finished = lint_imports(copy)

    assert finished.returncode == 1
    for importer, imported in BAD_IMPORTS.items():
        assert f"{importer.replace('/', '.')}.bad_import -> {imported}" in finished.stdout
