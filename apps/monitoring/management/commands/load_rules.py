"""`manage.py load_rules`: show what the shipped catalogue would change; with --apply, make drafts of it."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand

from apps.core import clock
from apps.monitoring.loading import load_catalogue


class Command(BaseCommand):
    """Compares first, writes only when told to."""

    help = "Show what the shipped rules, lists and rates would change; --apply makes drafts of the rules."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Whether to write."""
        parser.add_argument("--apply", action="store_true", help="write, instead of only showing")

    def handle(self, **options: Any) -> None:
        """Compare, tell, write."""
        loaded = load_catalogue(apply=options["apply"], now=clock.now())
        for change in loaded.changes:
            self.stdout.write(f"{change.code}: {'new' if change.is_new else 'changed'}")
            for line in change.differences:
                self.stdout.write(f"    {line}")
        for name in loaded.lists:
            self.stdout.write(f"list {name}: {'loaded' if options['apply'] else 'would be loaded'}")
        verb = "drafted" if options["apply"] else "would be drafted"
        self.stdout.write(
            f"{len(loaded.changes)} rules {verb}, {loaded.unchanged} unchanged, {loaded.rates} rates new."
        )
