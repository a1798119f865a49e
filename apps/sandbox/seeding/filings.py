"""An invented authority for the demo's reporting office, with a small schema of our own in the shape of goAML."""

import json
from datetime import datetime
from pathlib import Path

from apps.compliance_reports.operations import has_profile, load_profile

_FOLDER = Path(__file__).parent / "goaml"


def seed_filings(*, now: datetime) -> None:
    """Set up the authority; reports are for people to write."""
    if not has_profile("demo-fiu"):
        load_profile(
            code="demo-fiu",
            facts=json.loads((_FOLDER / "demo.json").read_text()),
            xsd=(_FOLDER / "demo.xsd").read_text(),
            actor="seed_demo",
            now=now,
        )
