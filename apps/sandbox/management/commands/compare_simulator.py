"""`manage.py compare_simulator`: proves that what the vendors were told is what the ledger holds."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.sandbox.comparison import compare_with_ledger


class Command(BaseCommand):
    """Prints every disagreement between the simulated vendors' journal and the ledger; status 1 if there is one."""

    help = "Compare the simulated vendors' journal with the ledger: accepted if and only if posted, once."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Compare everything."""
        result = compare_with_ledger()
        for finding in (*result.findings, *result.unexpected):
            self.stdout.write(f"{finding.kind}: {finding.external_id}: {finding.detail}")
        summary = f"{result.transactions} transactions, {result.accepted} accepted, {result.undecided} undecided"
        if not result.agrees:
            disagreements = len(result.findings) + len(result.unexpected)
            raise CommandError(f"{disagreements} disagreements in {summary}")
        self.stdout.write(f"The ledger agrees: {summary}")
