"""What payments lets two people do together: new terms with a provider, a change of a balance by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.compliance.approval_commands import register_command
from apps.integrations.contracts.reading import TermsNotSound
from apps.integrations.models import Integration
from apps.payments.operations import adjustments
from apps.payments.operations.contract_versions import PSP_CONTRACTS
from apps.wallets.adjustments import APPROVE_PERMISSION as APPROVE_ADJUSTMENT
from apps.wallets.adjustments import PROPOSE_PERMISSION as PROPOSE_ADJUSTMENT


def register() -> None:
    """Register the commands; called once the models are loaded."""
    register_command(
        PSP_CONTRACTS.command,
        title="New terms with a payment provider",
        maker_permission=PSP_CONTRACTS.propose_permission,
        checker_permission=PSP_CONTRACTS.approve_permission,
        execute=PSP_CONTRACTS.execute,
        describe=_described,
        revalidate=_recheck,
        fingerprint=PSP_CONTRACTS.fingerprint,
    )
    register_command(
        adjustments.ADJUST_BALANCE,
        title="Change a balance by hand",
        maker_permission=PROPOSE_ADJUSTMENT,
        checker_permission=APPROVE_ADJUSTMENT,
        execute=adjustments.adjust_balance,
        describe=adjustments.describe_adjustment,
        revalidate=adjustments.recheck_adjustment,
        lifetime=adjustments.LIFETIME,
    )


def _recheck(*, payload: Mapping[str, Any], now: datetime) -> None:
    """What two people agree to holds from now on, also where nothing was agreed before."""
    PSP_CONTRACTS.revalidate(payload=payload, now=now)
    if PSP_CONTRACTS.moment(payload["valid_from"]) < now:
        raise TermsNotSound("They begin in the past: payments have run since.")


def _described(payload: Mapping[str, Any]) -> str:
    terms = payload["terms"]
    slug = Integration.objects.values_list("slug", flat=True).get(pk=payload["integration"])
    parts = [f"New terms with {slug} from {payload['valid_from'][:16].replace('T', ' ')} UTC on."]
    parts += [f"Chargebacks are borne by: {terms.get('liability', 'merchant')}."]
    parts += [
        f"{each['currency']} is settled T+{each.get('lag_days', 0)}, at least {each.get('minimum') or '0'}."
        for each in terms.get("settlement", [])
    ]
    parts += [
        f"{each['percent']} % of {each['currency']} deposits are kept back for {each['days']} days"
        f"{', at most ' + each['cap'] if each.get('cap') else ''}."
        for each in terms.get("reserve", [])
    ]
    parts += [
        f"A {each['kind']}{' by ' + each['method'] if each.get('method') else ''} costs"
        f" {each.get('fixed') or '0'} {each['currency']} and {each.get('percent') or '0'} %."
        for each in terms.get("fees", [])
    ]
    return " ".join(parts)
