"""Rows that seal the row before them: the columns of such a table, and the check of a chain. See sql/chain.sql."""

from dataclasses import dataclass
from typing import Any

from django.db import connection, models

_MOST_BREAKS = 200


class ChainedRow(models.Model):
    """What a chained table has; the database fills it in when a row is inserted, whatever a program says."""

    chain_number = models.BigIntegerField(default=0, editable=False, unique=True)
    previous_hash = models.CharField(max_length=64, default="", editable=False)
    hash = models.CharField(max_length=64, default="", editable=False)

    objects: models.Manager[Any] = models.Manager()

    class Meta:
        abstract = True


@dataclass(frozen=True, slots=True)
class ChainHead:
    """How long a chain is and what seals it. Kept elsewhere, it proves later that nothing was cut off the end."""

    number: int
    hash: str


def chain_breaks(table: str) -> list[str]:
    """Seal the whole table anew; one line for each row that does not fit, none for a sound chain."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, problem FROM core_chain_breaks(%s) LIMIT %s", [table, _MOST_BREAKS])
        return [f"{table} row {number}: {problem}" for number, problem in cursor.fetchall()]


def chain_head(model: type[ChainedRow]) -> ChainHead:
    """The newest row's number and hash; number 0 for an empty chain."""
    last = model.objects.order_by("-chain_number").values_list("chain_number", "hash").first()
    return ChainHead(*(last or (0, "")))
