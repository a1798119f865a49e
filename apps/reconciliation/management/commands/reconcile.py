"""`manage.py reconcile`: the nightly round by hand, for a day, here and now."""

from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core import clock
from apps.reconciliation.models import Import
from apps.reconciliation.operations import feeds
from apps.reconciliation.operations.imports import read_import
from apps.reconciliation.operations.runs import perform_run


class Command(BaseCommand):
    """Fetches, reads and compares without a worker; what a worker does meanwhile is not done twice."""

    help = "Fetch what providers and banks have for a day (yesterday by default) and compare everything as of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which day."""
        parser.add_argument("--day", help="YYYY-MM-DD; yesterday by default")
        parser.add_argument("--no-fetch", action="store_true", help="compare what is there")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run, and print a line for each run; exit status 1 if a run fails."""
        now = clock.now()
        try:
            day = date.fromisoformat(options["day"]) if options["day"] else now.date() - timedelta(days=1)
        except ValueError as error:
            raise CommandError(f"not a day: {options['day']}") from error
        if not options["no_fetch"]:
            feeds.fetch_reports(day=day, now=now)
        for key in Import.objects.filter(state__in=("received", "reading")).order_by("pk").values_list("pk", flat=True):
            imported = read_import(import_id=key, now=clock.now())
            self.stdout.write(f"{imported}: {imported.get_state_display()} {imported.error}".rstrip())
        for run in feeds.request_runs(day=day, now=now):
            done = perform_run(run_id=run.pk, now=clock.now())
            self.stdout.write(
                f"{done}: {done.get_state_display().lower()}, {done.break_count} breaks,"
                f" {done.expected_count} expected, report {done.report_hash[:16]}"
            )
