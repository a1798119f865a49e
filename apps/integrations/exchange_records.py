"""The two halves of one exchange, as callers hand them to the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request as it was on the wire; the id is that of the whole exchange. Do not change ``headers`` afterwards."""

    id: UUID
    started_at: datetime
    integration_id: int | None
    direction: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    remote_address: str = ""
    verified_by: str = ""
    outcome: str = ""
    player_id: int | None = None
    round_id: int | None = None
    transaction_id: UUID | None = None
    parent_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ReplyRecord:
    """What answered it. ``status`` is None when no answer came; ``refs`` are all ids somebody may look for."""

    id: UUID
    status: int | None
    headers: Mapping[str, str]
    body: bytes
    duration_us: int
    verb: str = ""
    outcome: str = ""
    refs: tuple[str, ...] = ()
    error: str = ""
