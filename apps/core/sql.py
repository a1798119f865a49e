"""SQL kept in readable files under apps/<app>/sql/, and the migration operation that installs it."""
# ruff: noqa: ARG002 - the signatures are Django's

from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation


def load_sql(app: str, name: str) -> str:
    """
    Read apps/<app>/sql/<name>.

    :raises FileNotFoundError: if there is no such file directly in that folder
    """
    folder = Path(apps.get_app_config(app).path) / "sql"
    path = folder / name
    if path.parent != folder or path.suffix != ".sql":
        raise FileNotFoundError(path)
    return path.read_text(encoding="utf-8")


class InstallSql(Operation):
    """
    Runs one SQL file, read when the migration runs, as it stands.

    The text goes to the server without parameters, so that ``%`` and ``{}`` in function bodies mean
    themselves. Files are written to be run again (CREATE OR REPLACE): a later migration that installs
    the changed file brings old databases up to date. Going back leaves it in place.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, app: str, name: str) -> None:
        self.app = app
        self.name = name

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models do not change."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        """Run the file."""
        schema_editor.execute(load_sql(self.app, self.name), params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        """Functions without their callers do no harm; tables are dropped by their own operations."""

    def describe(self) -> str:
        """What `migrate` prints."""
        return f"Install {self.app}/sql/{self.name}"


def install_sql(app: str, name: str) -> InstallSql:
    """Make the migration operation that runs apps/<app>/sql/<name>; going back is a no-op."""
    return InstallSql(app, name)
