"""`manage.py load_policies`: show what a policy matrix would change, and change it with `--apply`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from apps.compliance.policy_file import SHIPPED, FileValue, MatrixNotSound, read_matrix
from apps.compliance.policy_loading import Difference, ValueChange, apply_matrix, difference
from apps.core import clock


class Command(BaseCommand):
    """Compares, prints, and applies if told to."""

    help = (
        "Show what a policy matrix says that the database does not. With --apply: fill empty books at once (A and B "
        "values in force), and bring later changes to a second person, in the name of --maker."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which file, in whose name, and whether to do it."""
        parser.add_argument("--file", type=Path, default=SHIPPED, help="YAML; the matrix shipped with the platform")
        parser.add_argument("--apply", action="store_true", help="do it; without, only show it")
        parser.add_argument("--maker", help="staff username in whose name changes of live policies are proposed")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compare and print; then apply."""
        maker = self._maker(options["maker"])
        try:
            matrix = read_matrix(options["file"])
        except (MatrixNotSound, OSError) as error:
            raise CommandError(f"{options['file'].name}: {error}") from error
        found = apply_matrix(matrix, maker=maker, now=clock.now()) if options["apply"] else difference(matrix)
        for line in described(found):
            self.stdout.write(line)
        if not found:
            self.stdout.write(f"Nothing to change: the database has all {len(matrix.values)} values of the file.")
        elif options["apply"]:
            self.stdout.write(f"Applied: {len(found.values)} of {len(matrix.values)} values.")
        else:
            self.stdout.write(f"{len(found.values)} of {len(matrix.values)} values differ; --apply brings them in.")

    def _maker(self, username: str | None) -> User | None:
        if username is None:
            return None
        found = User.objects.filter(username=username, is_active=True).first()
        if found is None:
            raise CommandError(f"There is no active member of staff called {username!r}.")
        return found


def described(found: Difference) -> list[str]:
    """Say a difference in words, one line each."""
    lines = [f"+ jurisdiction {each.code}: {each.name}, days begin in {each.timezone}" for each in found.jurisdictions]
    lines += [f"~ parameter {each.code}" for each in found.parameters]
    lines += [f"~ source {each.code}" for each in found.sources]
    lines += [_value_line(change) for change in found.values]
    lines += [
        f"! {each.jurisdiction_id} {each.parameter_id}: no longer in the file; withdraw it on its page"
        for each in found.gone
    ]
    return lines


def _value_line(change: ValueChange) -> str:
    value = change.value
    now = _terms(value.value, value.valid_from, value.valid_to, value.confidence)
    place = f"{value.jurisdiction} {value.parameter}"
    if change.before is None:
        return f"+ {place}: {now} – {change.step.value}"
    old = change.before
    before = _terms(old.value, old.valid_from, old.valid_to, old.confidence)
    told = f"{before} → {now}" if before != now else f"{now} (status, sources or note differ)"
    return f"~ {place}: {told} – {change.step.value}"


def _terms(value: FileValue | Any, begins: Any, ends: Any, confidence: str) -> str:
    days = f" from {begins}" if begins else ""
    days += f" to {ends}" if ends else ""
    return f"{value!r}{days} ({confidence})"
