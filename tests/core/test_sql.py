"""SQL files are found by name and installed as they stand."""

import pytest
from django.db import connection
from django.db.migrations.state import ProjectState

from apps.core.sql import InstallSql, install_sql, load_sql


def test_a_file_is_read_from_its_apps_sql_folder() -> None:
    assert "CREATE OR REPLACE FUNCTION core_refuse_change()" in load_sql("core", "append_only.sql")


@pytest.mark.parametrize(
    "name", ["missing.sql", "../models.py", "../sql/append_only.sql", "append_only", "/etc/passwd"]
)
def test_nothing_else_is_read(name: str) -> None:
    with pytest.raises(FileNotFoundError):
        load_sql("core", name)


@pytest.mark.django_db
def test_the_text_is_installed_untouched_with_percent_signs_and_several_statements(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    text = (
        "CREATE FUNCTION pg_temp.core_sql_test(a integer) RETURNS text LANGUAGE sql AS"
        " $$ SELECT format('%s %%', a % 7) || '{}' $$;\n"
        "CREATE TEMPORARY TABLE core_sql_test AS SELECT pg_temp.core_sql_test(10) AS answer;"
    )
    monkeypatch.setattr("apps.core.sql.load_sql", lambda *_: text)
    operation = install_sql("core", "any.sql")
    assert operation.describe() == "Install core/sql/any.sql"
    with connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("core", editor, ProjectState(), ProjectState())
        operation.database_backwards("core", editor, ProjectState(), ProjectState())
    with connection.cursor() as cursor:
        cursor.execute("SELECT answer FROM core_sql_test")
        assert cursor.fetchone() == ("3 %{}",)


def test_the_operation_can_be_written_into_a_migration() -> None:
    name, args, kwargs = install_sql("core", "append_only.sql").deconstruct()
    assert name == "InstallSql"
    assert InstallSql(*args, **kwargs).name == "append_only.sql"


@pytest.mark.django_db
def test_python_and_sql_agree_on_the_floor_of_an_instant() -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    from apps.core.ids import uuid7_floor  # noqa: PLC0415

    for instant in (
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2100, 2, 1, tzinfo=UTC),
    ):
        with connection.cursor() as cursor:
            cursor.execute("SELECT core_uuid7_floor(%s)", [instant])
            assert cursor.fetchone() == (uuid7_floor(instant),)
