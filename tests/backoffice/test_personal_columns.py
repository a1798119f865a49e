"""The register of personal data: complete, true to the models, and what it calls erased is erased."""

from apps.backoffice.personal_columns import Column, Fate, registered, text_columns


def by_table(columns: list[Column]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for column in columns:
        found.setdefault(column.table, set()).add(column.name)
    return found


def test_every_column_that_can_hold_words_has_a_fate_and_only_those() -> None:
    columns = registered()
    assert by_table(columns) == {table: set(names) for table, names in text_columns().items()}
    assert len({(column.table, column.name) for column in columns}) == len(columns)


def test_what_stays_says_why_and_nothing_else_does() -> None:
    assert [column for column in registered() if bool(column.why) != (column.fate == Fate.KEPT)] == []


def test_a_column_that_nobody_thought_about_would_be_found() -> None:
    thought_of = by_table(registered())
    thought_of["compliance.Case"].discard("narrative")
    assert thought_of != {table: set(names) for table, names in text_columns().items()}
