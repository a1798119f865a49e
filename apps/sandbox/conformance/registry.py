"""Which scenario list belongs to which vendor: one line each."""

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.module_loading import import_string

from apps.sandbox.conformance import evolution, family, swipegames, valkyrie
from apps.sandbox.conformance.scenarios import Suite

SUITES: Mapping[str, Suite] = MappingProxyType(
    {
        "hub88": family.HUB88_SUITE,
        "caleta": family.CALETA_SUITE,
        "evolution": evolution.SUITE,
        "swipegames": swipegames.SUITE,
        "valkyrie": valkyrie.SUITE,
    }
)


def suite_of(vendor: str, *, path: str = "") -> Suite | None:
    """
    The suite of a vendor, or the one that a dotted path names; None if there is none.

    :raises ImportError: if nothing is at the path
    """
    if path:
        found = import_string(path)
        return found if isinstance(found, Suite) else None
    return SUITES.get(vendor)
