"""Which checks are asked, in the order in which staff read them: one line each."""

from apps.payments.checks import account, device, instrument, law, money, provider
from apps.payments.checks.answer import CheckSpec

CHECKS: tuple[CheckSpec, ...] = (
    CheckSpec("account", "Account", account.status),
    CheckSpec("identity", "Identity", law.identity, player_reason="verify-identity"),
    CheckSpec("exclusion", "Exclusion", law.exclusion),
    CheckSpec("monitoring", "Laundering and fraud", law.monitoring),
    CheckSpec(
        "instrument-owner", "Owner of the account", instrument.owner, version=2, player_reason="instrument-not-usable"
    ),
    CheckSpec("instrument-age", "Age of the account", instrument.age, version=2),
    CheckSpec("closed-loop", "Back the way it came", instrument.closed_loop, version=3),
    CheckSpec("play", "Play since the deposit", money.play),
    CheckSpec("chargeback-exposure", "Contested deposits", money.chargeback_exposure),
    CheckSpec("daily-limit", "Limit of a day", money.daily_limit),
    CheckSpec("duplicate", "Asked for twice", money.duplicate),
    CheckSpec("device-address", "Device and address", device.device_and_address),
    CheckSpec("provider-limits", "Providers' limits", provider.limits),
    CheckSpec("provider-liquidity", "Providers' means", provider.liquidity),
)


def title_of(name: str) -> str:
    """What a check is called on pages; an old one that is no longer asked, by its name."""
    return next((spec.title for spec in CHECKS if spec.name == name), name)
