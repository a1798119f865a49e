"""`manage.py load_screening_list`: make one data set of the embedded list what a CSV file says."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core import clock
from apps.verification.list_loading import COLUMNS, SHIPPED, ListNotSound, load_list


class Command(BaseCommand):
    """Loads a list, all of it or nothing."""

    help = f"Load a sanctions or PEP list from CSV with the columns {', '.join(COLUMNS)}; several values with “;”."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which list, from where."""
        parser.add_argument("--dataset", required=True, help="Its short name, e.g. un-sc")
        parser.add_argument("--file", type=Path, default=SHIPPED, help="The invented list shipped with the platform")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Load, and say what has changed."""
        try:
            loaded = load_list(dataset=options["dataset"], path=options["file"], now=clock.now())
        except (ListNotSound, OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        self.stdout.write(
            f"{options['dataset']}: {loaded.new} new, {loaded.changed} changed, {loaded.gone} gone, {loaded.same} same."
            " Players are screened again by the scheduled task."
        )
