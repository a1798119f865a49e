"""`manage.py conformance <integration>`: plays a protocol's scenario list against a running platform, and reports."""

import json
import time
import tomllib
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.sandbox.conformance.registry import suite_of
from apps.sandbox.conformance.report import Report
from apps.sandbox.conformance.scenarios import Reply, Transport, play

_TIMEOUT_SECONDS = 10.0


class Command(BaseCommand):
    """Prints a report; status 1 if a scenario departs from the protocol. Needs the platform's sandbox for players."""

    help = "Play the scenario list of an integration's protocol over HTTP against a running platform, and report."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which integration, where, with which keys, and what to write."""
        parser.add_argument("integration", help="Slug of the integration, as in /providers/{integration}")
        parser.add_argument("--base-url", help="Where the platform runs; else what the demo's document says")
        parser.add_argument(
            "--demo-file", type=Path, default=Path(settings.BASE_DIR) / ".data" / "demo.json", help="Where the keys are"
        )
        parser.add_argument("--suite", default="", help="Dotted name of a scenario list outside the repository")
        parser.add_argument("--format", choices=("markdown", "json"), default="markdown")
        parser.add_argument("--output", type=Path, help="File for the report; else it is printed")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Play everything, write the report, and say in one line how it went."""
        slug: str = options["integration"]
        document = _document(options["demo_file"])
        entry = document.get("integrations", {}).get(slug)
        if entry is None:
            raise CommandError(f"{options['demo_file']} knows no integration {slug}")
        suite = suite_of(entry["vendor"], path=options["suite"])
        if suite is None:
            raise CommandError(f"there is no scenario list for {entry['vendor']}")
        base_url = str(options["base_url"] or document["base_url"]).rstrip("/")
        started_at, started = datetime.now(UTC), time.perf_counter()
        with httpx2.Client(base_url=base_url, timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            try:
                verdicts = play(suite, over(client), slug, entry["credentials"])
            except httpx2.TransportError as error:
                raise CommandError(f"{base_url} does not answer: {type(error).__name__}") from error
        report = Report(
            integration=slug,
            protocol=suite.protocol,
            protocol_version=suite.version,
            platform=base_url,
            platform_version=_version(),
            started_at=started_at,
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
            verdicts=verdicts,
        )
        self._write(report, options)

    def _write(self, report: Report, options: Mapping[str, Any]) -> None:
        text = report.as_json() if options["format"] == "json" else report.as_markdown()
        if options["output"]:
            options["output"].write_text(text)
        else:
            self.stdout.write(text)
        if not report.passed:
            raise CommandError(report.summary)
        self.stderr.write(report.summary)


def over(client: httpx2.Client) -> Transport:
    """Make a transport of an HTTP client."""

    def send(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        response = client.request(method, path, headers=dict(headers), content=body or None)
        return Reply(response.status_code, response.content)

    return send


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CommandError(f"not a demo's document: {path}") from error
    if not isinstance(document, dict):
        raise CommandError(f"not a demo's document: {path}")
    return document


def _version() -> str:
    project = tomllib.loads((Path(settings.BASE_DIR) / "pyproject.toml").read_text())["project"]
    return str(project["version"])
