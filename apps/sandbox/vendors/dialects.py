"""How each simulated vendor speaks: paths, headers and words, from the vendors' own documents, not from our adapter."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

OK = "RS_OK"
# After these the vendor does not know whether the command was applied.
UNKNOWN_STATUSES = frozenset({"RS_ERROR_UNKNOWN", "RS_ERROR_TIMEOUT"})
MISSING = "RS_ERROR_TRANSACTION_DOES_NOT_EXIST"
DUPLICATE = "RS_ERROR_DUPLICATE_TRANSACTION"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One vendor's variety of the family's protocol."""

    slug: str
    title: str
    signature_header: str
    bet_path: str
    win_path: str
    rollback_path: str
    balance_path: str
    launch_path: str
    list_path: str
    round_path: str
    demo_currency: str
    sends_user: bool
    late_bet_status: str
    """What a bet must be answered with whose rollback came first."""


HUB88 = Dialect(
    slug="hub88",
    title="Hub88",
    signature_header="X-Hub88-Signature",
    bet_path="/transaction/bet",
    win_path="/transaction/win",
    rollback_path="/transaction/rollback",
    balance_path="/user/balance",
    launch_path="operator/generic/v2/game/url",
    list_path="operator/generic/v2/game/list",
    round_path="operator/generic/v2/game/round",
    demo_currency="XXX",
    sends_user=True,
    late_bet_status="RS_ERROR_TRANSACTION_ROLLED_BACK",
)

CALETA = Dialect(
    slug="caleta",
    title="Caleta",
    signature_header="X-Auth-Signature",
    bet_path="/wallet/bet",
    win_path="/wallet/win",
    rollback_path="/wallet/rollback",
    balance_path="/wallet/balance",
    launch_path="api/game/url",
    list_path="api/game/list",
    round_path="api/game/round",
    demo_currency="FUN",
    sends_user=False,
    # Its closed list of statuses that discard a bet has no ROLLED_BACK.
    late_bet_status=DUPLICATE,
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType({dialect.slug: dialect for dialect in (HUB88, CALETA)})
