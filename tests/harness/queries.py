"""
Counts what a page asks of the database.

What a process keeps for a moment and reads again as time goes by is left out: a slow machine would meet it inside the
count, a fast one would not.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

# The sandbox's clock, published policies, and vendors' connections with their keys; each is read whole.
_KEPT_FOR_A_MOMENT = (
    'FROM "core_clockoffset"',
    '"state" = \'published\' ORDER BY "compliance_policyversion"."published_at" ASC, 1 ASC',
    'AS "timezone" FROM "brands_jurisdiction" ORDER BY 1 ASC',
    'FROM "integrations_integration" ORDER BY "integrations_integration"."slug" ASC',
    'FROM "integrations_credential" WHERE (("integrations_credential"."expires_at" IS NULL OR',
)


@contextmanager
def captured_queries() -> Iterator[list[str]]:
    """Collect the statements of the block; the list is filled at its end."""
    statements: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield statements
    asked = [query["sql"] for query in captured]
    statements += [sql for sql in asked if not any(kept in sql for kept in _KEPT_FOR_A_MOMENT)]


def statements_of(client: Client, address: str) -> list[str]:
    """Open a page, which must answer 200, and return the statements it took."""
    with captured_queries() as statements:
        assert client.get(address).status_code == 200, address
    return statements
