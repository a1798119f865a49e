"""What payments lets two people do together: new terms with a provider, a change of a balance by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from apps.compliance.approvals import register_command
from apps.integrations.models import Integration
from apps.payments.models import PspContract
from apps.payments.operations import adjustments
from apps.payments.operations.contract_versions import (
    APPROVE_PERMISSION,
    PROPOSE_PERMISSION,
    TermsNotSound,
    add_contract_version,
    read_terms,
)
from apps.wallets.adjustments import APPROVE_PERMISSION as APPROVE_ADJUSTMENT
from apps.wallets.adjustments import PROPOSE_PERMISSION as PROPOSE_ADJUSTMENT

ADD_CONTRACT = "payments.add_contract_version"


def register() -> None:
    """Register the commands; called once the models are loaded."""
    register_command(
        ADD_CONTRACT,
        title="New terms with a payment provider",
        maker_permission=PROPOSE_PERMISSION,
        checker_permission=APPROVE_PERMISSION,
        execute=_add,
        describe=_described,
        revalidate=_recheck,
        fingerprint=_rests_on,
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


def _add(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    made = add_contract_version(
        integration_id=payload["integration"],
        terms=payload["terms"],
        valid_from=datetime.fromisoformat(payload["valid_from"]),
        valid_to=datetime.fromisoformat(payload["valid_to"]) if payload.get("valid_to") else None,
        maker=maker,
        checker=checker,
        now=now,
    )
    return {"contract": made.pk, "version": made.version}


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


def _recheck(*, payload: Mapping[str, Any], now: datetime) -> None:
    read_terms(payload["terms"])
    if datetime.fromisoformat(payload["valid_from"]) < now:
        raise TermsNotSound("They begin in the past: payments have run under other terms since.")


def _rests_on(payload: Mapping[str, Any]) -> Any:
    """The last version that there is: terms were written with it in mind."""
    return PspContract.objects.filter(integration_id=payload["integration"]).count()
