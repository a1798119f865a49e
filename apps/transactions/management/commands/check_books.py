"""`manage.py check_books`: prove the ledger, print what is wrong, exit with 1 if anything is."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core import clock
from apps.transactions.books import BooksCheckRunning, record_check

_LISTED_BREAKS = 200


class Command(BaseCommand):
    """Run the proof of the books and store its result."""

    help = "Prove the ledger: every invariant of docs/ledger.md. Exit status 1 and a list when one is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        """One flag."""
        parser.add_argument(
            "--full", action="store_true", help="the whole database, not only what is new since the last clean proof"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check, report, and fail if there is a break."""
        began = time.monotonic()

        def progress(name: str, number: int, steps: int) -> None:
            self.stdout.write(f"  {number}/{steps} {name} ({time.monotonic() - began:.1f} s)")

        try:
            result = record_check(full=options["full"], now=clock.now(), progress=progress)
        except BooksCheckRunning as running:
            raise CommandError(str(running)) from running
        for each in result.breaks[:_LISTED_BREAKS]:
            where = " ".join(f"{name} {each[key]}" for name, key in _PLACES if each[key] is not None)
            self.stderr.write(
                f"{each['invariant']} {each['rule']}: {where}: expected {each['expected']}, found {each['found']}"
            )
        if result.break_count:
            raise CommandError(f"The books are broken: {result.break_count} breaks.", returncode=1)
        digest = f" Digest of all chains, to be kept elsewhere: {result.heads_digest}" if result.heads_digest else ""
        self.stdout.write(self.style.SUCCESS(f"The books balance ({result.duration_ms} ms).{digest}"))


_PLACES = (("player", "player_id"), ("account", "account_id"), ("row", "row"))
