"""Where in the ledger to begin to read. Amounts are read in SQL, see `sql/`."""

from datetime import UTC, datetime

from apps.core import clock
from apps.core.ids import uuid7_floor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ledger_floor(since: datetime) -> str:
    """A transaction id that none since then precedes. Ids follow real time, which the sandbox's clock runs ahead of."""
    ahead = clock.now() - clock.real_now()
    return str(uuid7_floor(max(since - ahead, _EPOCH)))
