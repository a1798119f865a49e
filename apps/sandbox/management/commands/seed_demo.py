"""`manage.py seed_demo`: brands, games, staff, players and vendor keys of the demo. May be run again at any time."""

import contextlib
import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from apps.core import clock
from apps.sandbox.demo_file import demo_document, passwords_in
from apps.sandbox.models import SimulatorControl
from apps.sandbox.seeding.bonuses import seed_bonuses
from apps.sandbox.seeding.cases import seed_cases
from apps.sandbox.seeding.connections import seed_connections
from apps.sandbox.seeding.filings import seed_filings
from apps.sandbox.seeding.games import seed_games
from apps.sandbox.seeding.history import seed_history
from apps.sandbox.seeding.interrupted import seed_interrupted
from apps.sandbox.seeding.invoices import seed_invoices
from apps.sandbox.seeding.known_people import seed_known_people
from apps.sandbox.seeding.kyc import seed_kyc
from apps.sandbox.seeding.listings import seed_listings
from apps.sandbox.seeding.operator_hooks import seed_operator_hooks
from apps.sandbox.seeding.people import seed_players, seed_staff
from apps.sandbox.seeding.places import seed_places
from apps.sandbox.seeding.policies import seed_decisions, seed_matrix
from apps.sandbox.seeding.psps import seed_psps
from apps.sandbox.seeding.reconciliation import seed_reconciliation
from apps.sandbox.seeding.rules import seed_rules
from apps.sandbox.seeding.safer_play import seed_limits, seed_registers
from apps.sandbox.seeding.statements import seed_statements


class Command(BaseCommand):
    """Seeds the demo and writes its log-ins and keys to a private file."""

    help = "Make the demo's data where it is missing, and write its log-ins and keys to a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the demo will be reached, and where the file goes."""
        parser.add_argument("--base-url", default="http://127.0.0.1:8000")
        parser.add_argument("--output", type=Path, required=True, help="JSON file, mode 0600; read first if it exists")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Seed, then write."""
        base_url: str = options["base_url"].rstrip("/")
        output: Path = options["output"]
        passwords = passwords_in(_read(output))
        now = clock.now()
        seed_places(base_url)
        seed_matrix(now=now)
        seed_connections(base_url, now=now)
        seed_psps(base_url, now=now)
        seed_kyc(base_url, now=now)
        seed_operator_hooks(base_url, now=now)
        seed_registers(base_url, now=now)
        seed_games(base_url, today=now.date())
        seed_listings(today=now.date())
        seed_staff(passwords)
        seed_decisions(now=now)
        seed_rules(now=now)
        seed_players(passwords, now=now)
        seed_known_people(passwords, now=now)
        seed_history(now=now)
        seed_invoices(now=now)
        seed_cases(now=now)
        seed_filings(now=now)
        seed_limits(now=now)
        seed_interrupted(now=now)
        seed_statements(now=now)
        seed_bonuses(now=now)
        seed_reconciliation(base_url, now=now)
        SimulatorControl.current()
        _write(output, demo_document(base_url, passwords))


def _read(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        document = json.loads(path.read_text())
        if isinstance(document, dict):
            return document
    return {}


def _write(path: Path, document: dict[str, Any]) -> None:
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(json.dumps(document, indent=2) + "\n")
    draft.chmod(0o600)
    draft.rename(path)
