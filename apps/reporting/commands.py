"""What game operations let two people do together: new terms with a game provider."""

from collections.abc import Mapping
from typing import Any

from apps.compliance.approval_commands import register_command
from apps.integrations.models import Integration
from apps.reporting.invoicing.contract_versions import PROVIDER_CONTRACTS

_BASIS = {"ggr": "GGR", "ngr": "NGR", "turnover": "turnover"}


def register() -> None:
    """Register the commands; called once the models are loaded."""
    register_command(
        PROVIDER_CONTRACTS.command,
        title="New terms with a game provider",
        maker_permission=PROVIDER_CONTRACTS.propose_permission,
        checker_permission=PROVIDER_CONTRACTS.approve_permission,
        execute=PROVIDER_CONTRACTS.execute,
        describe=_described,
        revalidate=PROVIDER_CONTRACTS.revalidate,
        fingerprint=PROVIDER_CONTRACTS.fingerprint,
    )


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
