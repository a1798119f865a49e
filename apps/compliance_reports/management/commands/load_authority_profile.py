"""`manage.py load_authority_profile`: put an authority's profile and its schema in force, as a new version."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.compliance_reports.operations import load_profile
from apps.core import clock
from apps.core.errors import DomainError


class Command(BaseCommand):
    """Reads two files that the operator supplies: JSON facts and the XSD that the authority publishes."""

    help = "Put a new version of an authority's profile and schema in force."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which authority, and the two files."""
        parser.add_argument("code", help="e.g. mt-fiau")
        parser.add_argument(
            "--facts", type=Path, required=True, help="JSON: title, jurisdiction, schema_version, terms"
        )
        parser.add_argument("--xsd", type=Path, required=True)
        parser.add_argument("--by", required=True, help="who loads it, for the record")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check, then load."""
        try:
            profile = load_profile(
                code=options["code"],
                facts=json.loads(options["facts"].read_text()),
                xsd=options["xsd"].read_text(),
                actor=options["by"],
                now=clock.now(),
            )
        except (OSError, ValueError, KeyError, DomainError) as refusal:
            raise CommandError(f"Not loaded: {refusal}") from refusal
        print(f"{profile} is version {profile.version}; schema {profile.xsd_sha256[:16]}…")
