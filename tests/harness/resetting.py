"""
Puts a test process's database back as migrations left it, in place.

Cloning it anew takes many times as long: not for what is in a database, but for its two thousand files.
"""

from dataclasses import dataclass, field

import psycopg
from psycopg import sql

_TABLES = """
SELECT c.relname, string_agg(quote_ident(a.attname), ',' ORDER BY a.attnum)
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
 GROUP BY c.oid ORDER BY c.oid
"""
_SEQUENCES = """
SELECT c.oid::regclass::text, s.last_value, s.is_called
  FROM pg_class c, pg_get_sequence_data(c.oid) s WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S'
"""
_CATALOGUES = ("pg_class", "pg_proc", "pg_trigger", "pg_constraint", "pg_rewrite", "pg_type")
# What is written from here on has an xmin of at least this.
_NEXT = sql.SQL("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
_ALTERED = sql.SQL(
    "SELECT {name} WHERE (SELECT (count(*), count(*) FILTER (WHERE xmin::text::bigint >= {since})) FROM {table})"
    " <> ({count}::bigint, 0::bigint)"
)


@dataclass
class Pristine:
    """What a database holds before the first test."""

    columns: dict[str, str]
    """The columns of each table that can be written."""
    seeds: dict[str, bytes] = field(default_factory=dict)
    """The rows that migrations made, in COPY's binary format, by table."""
    counts: dict[str, int] = field(default_factory=dict)
    sequences: set[tuple[str, int, bool]] = field(default_factory=set)
    structure: tuple[int, ...] = ()
    since: int = 0

    @classmethod
    def of(cls, database: psycopg.Connection) -> "Pristine | None":
        """Read a database just cloned; None if our role may not switch triggers off, as putting back needs."""
        (is_allowed,) = _row(
            database, sql.SQL("SELECT has_parameter_privilege('session_replication_role', 'SET')::integer")
        )
        if not is_allowed:
            return None
        found = cls(columns=dict(database.execute(_TABLES).fetchall()))
        for table in found.columns:
            (count,) = _row(database, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
            if count:
                found.counts[table] = count
                found.seeds[table] = found._copied(database, table)
        found.sequences = set(database.execute(_SEQUENCES).fetchall())
        found.structure = _structure(database)
        (found.since,) = _row(database, _NEXT)
        return found

    def put_back(self, database: psycopg.Connection) -> bool:
        """Undo what was written since; False if a test has changed tables, functions or triggers: clone then."""
        if _structure(database) != self.structure or self._is_rebuilt(database):
            return False
        altered = self._altered(database)
        emptied = [table for table in self.columns if table not in self.seeds or table in altered]
        with database.transaction():
            database.execute("SET LOCAL session_replication_role = replica")
            database.execute(
                sql.SQL(";").join(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in emptied)
            )
            for table in altered:
                self._seed(database, table)
            for name, last, is_called in self.sequences - set(database.execute(_SEQUENCES).fetchall()):
                database.execute("SELECT setval(%s, %s, %s)", [name, last, is_called])
        (self.since,) = _row(database, _NEXT)
        return True

    def _altered(self, database: psycopg.Connection) -> list[str]:
        """Of the tables with rows of migrations, those with a row too few or a newer one."""
        asked = (
            _ALTERED.format(
                name=sql.Literal(table),
                since=sql.Literal(self.since),
                table=sql.Identifier(table),
                count=sql.Literal(n),
            )
            for table, n in self.counts.items()
        )
        return [table for (table,) in database.execute(sql.SQL(" UNION ALL ").join(asked)).fetchall()]

    def _is_rebuilt(self, database: psycopg.Connection) -> bool:
        newer = sql.SQL("EXISTS (SELECT FROM {} WHERE xmin::text::bigint >= {})")
        asked = sql.SQL(" OR ").join(
            newer.format(sql.Identifier(name), sql.Literal(self.since)) for name in _CATALOGUES
        )
        (found,) = _row(database, sql.SQL("SELECT ({})::integer").format(asked))
        return bool(found)

    def _copied(self, database: psycopg.Connection, table: str) -> bytes:
        with database.cursor().copy(self._copy(table, "TO STDOUT BINARY")) as rows:
            return b"".join(bytes(each) for each in rows)

    def _seed(self, database: psycopg.Connection, table: str) -> None:
        with database.cursor().copy(self._copy(table, "FROM STDIN BINARY")) as rows:
            rows.write(self.seeds[table])

    def _copy(self, table: str, where: str) -> bytes:
        return f'COPY "{table}" ({self.columns[table]}) {where}'.encode()


def _structure(database: psycopg.Connection) -> tuple[int, ...]:
    """How many tables, functions, triggers … there are: one that is gone leaves nothing newer behind."""
    counted = (sql.SQL("(SELECT count(*) FROM {})").format(sql.Identifier(name)) for name in _CATALOGUES)
    return _row(database, sql.SQL("SELECT {}").format(sql.SQL(",").join(counted)))


def _row(database: psycopg.Connection, statement: sql.SQL | sql.Composed) -> tuple[int, ...]:
    row = database.execute(statement).fetchone()
    assert row is not None
    return tuple(row)
