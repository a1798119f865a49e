"""Finding exchanges by any id that somebody may quote: a vendor's, a player's screenshot, or ours."""

from uuid import UUID

from django.db import connection

from apps.integrations.models import Exchange

_BY_REFERENCE = (
    "SELECT id FROM integrations_exchangereply WHERE refs && %(texts)s::text[] ORDER BY id DESC LIMIT %(limit)s"
)
# A ledger transaction is made within its exchange, and both ids begin with their time: so no index is needed on the
# busiest table, only a look at the seconds before.
_BY_UUID = """
    SELECT id FROM integrations_exchange WHERE id = %(uuid)s
    UNION
    (SELECT id FROM integrations_exchange WHERE parent_id = %(uuid)s ORDER BY id DESC LIMIT %(limit)s)
    UNION
    SELECT id FROM integrations_exchange
     WHERE uuid_extract_version(%(uuid)s) = 7 AND transaction_id = %(uuid)s
       AND id >= core_uuid7_floor(uuid_extract_timestamp(%(uuid)s) - interval '30 seconds')
       AND id < core_uuid7_floor(uuid_extract_timestamp(%(uuid)s) + interval '1 second')"""


def find_exchanges(text: str, limit: int = 50) -> list[Exchange]:
    """
    Exchanges that have to do with that id, the newest first, each with its `reply` loaded where there is one.

    Looks for request ids (with the calls we made in their service), ledger transactions, and whatever the vendor calls
    his transactions, rounds, requests and users. Whole ids only, written as the vendor writes them; UUIDs also with or
    without dashes, in any case.
    """
    text = text.strip()
    if not text or "\0" in text:
        return []
    uuid = _uuid(text)
    texts = list({text, str(uuid), uuid.hex} if uuid else {text})
    with connection.cursor() as cursor:
        cursor.execute(_BY_REFERENCE, {"texts": texts, "limit": limit})
        ids = {row[0] for row in cursor.fetchall()}
        if uuid is not None:
            cursor.execute(_BY_UUID, {"uuid": uuid, "limit": limit})
            ids |= {row[0] for row in cursor.fetchall()}
    return list(Exchange.objects.filter(pk__in=ids).select_related("reply").order_by("-pk")[:limit])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
