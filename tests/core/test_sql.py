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
def test_the_text_is_installed_untouched_with_percent_signs_and_several_statements() -> None:
    text = load_sql("compliance", "erasure_of_words.sql")
    names = ("compliance_player_of", "compliance_only_erase", "compliance_case_closed")
    assert "format('SELECT %I FROM %I WHERE id = $1'" in text
    operation = install_sql("compliance", "erasure_of_words.sql")
    assert operation.describe() == "Install compliance/sql/erasure_of_words.sql"
    with connection.schema_editor(atomic=False) as editor:
        for name in names[1:]:
            editor.execute(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
            )
        operation.database_forwards("compliance", editor, ProjectState(), ProjectState())
        operation.database_backwards("compliance", editor, ProjectState(), ProjectState())
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = ANY(%s)", [list(names)])
        bodies = [body for (body,) in cursor.fetchall()]
    assert len(bodies) == len(names)
    assert all(len(body) > 200 and body in text for body in bodies)


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
