"""`manage.py rebuild_wagering`: count the wagering of all bonuses anew from the ledger."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.bonuses.following import rebuild


class Command(BaseCommand):
    """Counts anew; what was done because of earlier counts stays."""

    help = "Count the wagering of all bonuses anew from the whole ledger; it gives the same values."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Count, and say over how many postings."""
        print(f"{rebuild()} postings counted anew.")
