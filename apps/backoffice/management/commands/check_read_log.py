"""Proves the logs of who saw and took what: `manage.py check_read_log`."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from apps.backoffice.read_log import CHAINS, check_read_log
from apps.core.chains import chain_head
from apps.core.clock import now


class Command(BaseCommand):
    """Exit status 1 and a list when a chain is broken."""

    help = "Check that no look at personal data and no download was altered, taken out or put in."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Check, and print each chain's head: kept elsewhere, it proves that nothing is cut off later."""
        breaks = check_read_log(now=now())
        for title, model in CHAINS.items():
            head = chain_head(model)
            self.stdout.write(f"{title}: {head.number} rows, head {head.hash or '–'}")
        for line in breaks:
            self.stderr.write(line)
        if breaks:
            sys.exit(1)
        self.stdout.write("The chains are sound.")
