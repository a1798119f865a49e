"""Demo data: what vendors' game lists say otherwise than the catalogue, so that a first run finds something."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction

from apps.sandbox.models import SimulatedListing, SimulatedVendor


@transaction.atomic
def seed_listings(*, today: date) -> None:
    """Let lists differ where nobody has changed them yet."""
    for vendor, games in _differences(today).items():
        simulated = SimulatedVendor.objects.get(slug=vendor)
        for code, facts in games.items():
            SimulatedListing.objects.get_or_create(
                vendor=simulated, code=code, defaults={"facts": facts or {}, "is_listed": facts is not None}
            )


def _differences(today: date) -> dict[str, dict[str, dict[str, Any] | None]]:
    return {
        "hub88": {
            "nlg_northernstar": {"released_on": (today + timedelta(days=9)).isoformat()},
            "pwp_timberrush": {"released_on": (today + timedelta(days=16)).isoformat()},
            "hmw_quietorbit": {"title": "Quiet Orbit Deluxe"},
            "hmw_nebula9": {"features": ["respins", "wilds", "bonus_buy"]},
            "hmw_royaldeal": {"blocked_countries": []},
            "cfx_chiliroad": {"rtp_basis_points": 9480},
            "nlg_fjordgold": {"rtp_basis_points": 9400},
            "cfx_owlmoon": {"certifications": ["MGA", "SGA", "UKGC"]},
            "cfx_emberdragon": {"blocked_countries": ["DE", "NO"]},
        },
        "caleta": {"lln_snowscratch": None},
    }
