"""What differs between the members of the Hub88 family, as data. Source: game-provider reference, sections 1 and 2."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from apps.providers.contract import Outcome, Verb


@dataclass(frozen=True, slots=True)
class Profile:
    """One member of the family."""

    vendor: str
    paths: Mapping[str, Verb]
    """Path below the integration's prefix → what is asked."""
    signature_header: str
    launch_path: str
    list_path: str
    round_path: str
    demo_currency: str
    """Currency of a demo launch, in which no wallet call is made."""
    balance_in_refusals: bool
    """Hub88 wants the balance beside NOT_ENOUGH_MONEY; Caleta's errors carry status and request_uuid only."""
    debit_statuses: Mapping[Outcome, str] = field(default_factory=lambda: MappingProxyType({}))
    """Statuses that differ from the family's table for a bet."""


HUB88 = Profile(
    vendor="hub88",
    paths={
        "user/info": Verb.INFO,
        "user/balance": Verb.BALANCE,
        "transaction/bet": Verb.BET,
        "transaction/win": Verb.WIN,
        "transaction/rollback": Verb.ROLLBACK,
    },
    signature_header="X-Hub88-Signature",
    launch_path="/operator/generic/v2/game/url",
    list_path="/operator/generic/v2/game/list",
    round_path="/operator/generic/v2/game/round",
    demo_currency="XXX",
    balance_in_refusals=True,
)

CALETA = Profile(
    vendor="caleta",
    paths={
        "wallet/check": Verb.CHECK,
        "wallet/balance": Verb.BALANCE,
        "wallet/bet": Verb.BET,
        "wallet/win": Verb.WIN,
        "wallet/rollback": Verb.ROLLBACK,
    },
    signature_header="X-Auth-Signature",
    launch_path="/api/game/url",
    list_path="/api/game/list",
    round_path="/api/game/round",
    demo_currency="FUN",
    balance_in_refusals=False,
    # Caleta knows a closed list of statuses that discard a bet; any other one makes it send a rollback.
    debit_statuses=MappingProxyType(
        {
            Outcome.REFERENCE_CANCELLED: "RS_ERROR_DUPLICATE_TRANSACTION",
            Outcome.DISABLED: "RS_ERROR_USER_DISABLED",
            Outcome.UNAVAILABLE: "RS_ERROR_USER_DISABLED",
            Outcome.LIMIT: "RS_ERROR_BET_LIMIT_EXCEEDED",
        }
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({profile.vendor: profile for profile in (HUB88, CALETA)})
