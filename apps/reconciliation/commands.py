"""What reconciliation lets two people do together: carry a break to profit and loss."""

from collections.abc import Mapping
from typing import Any

from apps.compliance.approval_commands import register_command
from apps.core.money import Money
from apps.reconciliation.models import Break, WriteOffAccount
from apps.reconciliation.operations import breaks


def register() -> None:
    """Register the command; called once the models are loaded."""
    register_command(
        breaks.WRITE_OFF,
        title="Write a break off",
        maker_permission=breaks.PROPOSE_PERMISSION,
        checker_permission=breaks.APPROVE_PERMISSION,
        execute=breaks.write_off,
        describe=_described,
        revalidate=breaks.recheck_write_off,
        abandon=breaks.abandon_write_off,
    )


def _described(payload: Mapping[str, Any]) -> str:
    found = Break.objects.select_related("integration").get(pk=payload["break"])
    slug = found.integration.slug if found.integration else "our books"
    money = Money(abs(payload["units"]), payload["currency"])
    account = WriteOffAccount(payload["account"])
    turn = "income" if payload["units"] > 0 else "a cost"
    where = "fees" if account == WriteOffAccount.FEE else "adjustments"
    return f"{money} of {slug} ({found.subject}) becomes {turn} under {where}; the break is resolved by that."
