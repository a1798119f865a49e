"""`manage.py rebuild_counters`: count the ledger anew and compare; with --repair, put right what differs."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand

from apps.monitoring.rebuild import rebuild_counters


class Command(BaseCommand):
    """Exit status 1 when something differs."""

    help = "Prove monitoring's counters against the ledger and the events; --repair replaces those that differ."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Whether to repair."""
        parser.add_argument("--repair", action="store_true", help="replace the counters by the new counts")

    def handle(self, **options: Any) -> None:
        """Count, compare, tell."""
        found = rebuild_counters(repair=options["repair"])
        for row in found.first:
            self.stdout.write(str(row))
        self.stdout.write(f"{found.buckets} buckets counted anew, {found.different} differ.")
        if found.different and not options["repair"]:
            sys.exit(1)
