"""What game operations let two people do together: new terms with a game provider."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User

from apps.compliance.approvals import register_command
from apps.integrations.models import Integration
from apps.reporting.invoicing.contract_reading import read_terms
from apps.reporting.invoicing.contract_versions import (
    APPROVE_PERMISSION,
    PROPOSE_PERMISSION,
    add_contract_version,
    require_sound_months,
)
from apps.reporting.models import ProviderContract

ADD_CONTRACT = "reporting.add_contract_version"
_BASIS = {"ggr": "GGR", "ngr": "NGR", "turnover": "turnover"}


def register() -> None:
    """Register the commands; called once the models are loaded."""
    register_command(
        ADD_CONTRACT,
        title="New terms with a game provider",
        maker_permission=PROPOSE_PERMISSION,
        checker_permission=APPROVE_PERMISSION,
        execute=_add,
        describe=_described,
        revalidate=_recheck,
        fingerprint=_rests_on,
    )


def _add(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    made = add_contract_version(
        integration_id=payload["integration"],
        terms=payload["terms"],
        valid_from=date.fromisoformat(payload["valid_from"]),
        valid_to=_until(payload),
        maker=maker,
        checker=checker,
        now=now,
    )
    return {"contract": made.pk, "version": made.version}


def _described(payload: Mapping[str, Any]) -> str:
    terms = payload["terms"]
    slug = Integration.objects.values_list("slug", flat=True).get(pk=payload["integration"])
    parts = [f"New terms with {slug} ({terms.get('supplier')}) from {payload['valid_from'][:7]} on."]
    for rate in terms["rates"]:
        games = rate.get("studio") or rate.get("category") or "all games"
        above = f" from {rate['from']} {rate.get('currency', '')}".rstrip() if rate.get("from", "0") != "0" else ""
        parts.append(f"{games}: {rate['percent']} % of {_BASIS[terms['basis']]}{above}.")
    fixed = terms.get("fixed_currency", "")
    for name, words in (("minimum", "At least"), ("fixed", "Each month besides")):
        if terms.get(name, "0") != "0":
            parts.append(f"{words} {terms[name]} {fixed}.")
    parts.append(
        f"Invoiced in {terms['invoice_currency']}." if terms.get("invoice_currency") else "Each currency stays apart."
    )
    return " ".join(parts)


def _recheck(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the registry's signature
    read_terms(payload["terms"])
    require_sound_months(payload["integration"], date.fromisoformat(payload["valid_from"]), _until(payload))


def _rests_on(payload: Mapping[str, Any]) -> Any:
    """The versions that there are: terms were written with the last one in mind."""
    return ProviderContract.objects.filter(integration_id=payload["integration"]).count()


def _until(payload: Mapping[str, Any]) -> date | None:
    return date.fromisoformat(payload["valid_to"]) if payload.get("valid_to") else None
