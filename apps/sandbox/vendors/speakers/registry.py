"""Which speaker is which simulated vendor: one line each."""

from collections.abc import Mapping
from types import MappingProxyType

from apps.sandbox.models import SimulatedTransaction
from apps.sandbox.vendors.dialects import CALETA, HUB88
from apps.sandbox.vendors.speakers.evolution import EvolutionSpeaker
from apps.sandbox.vendors.speakers.family import FamilySpeaker
from apps.sandbox.vendors.speakers.speaker import Speaker
from apps.sandbox.vendors.speakers.swipegames import SwipeGamesSpeaker
from apps.sandbox.vendors.speakers.valkyrie import ValkyrieSpeaker
from apps.sandbox.vendors.wire import HANG_UP_SECONDS, NoAnswer

SPEAKERS: Mapping[str, Speaker] = MappingProxyType(
    {
        "hub88": FamilySpeaker(HUB88),
        "caleta": FamilySpeaker(CALETA),
        "evolution": EvolutionSpeaker(),
        "swipegames": SwipeGamesSpeaker(),
        "valkyrie": ValkyrieSpeaker(),
    }
)


def send_and_hang_up(row: SimulatedTransaction) -> None:
    """Send a transaction and drop the connection before the answer."""
    try:
        SPEAKERS[row.vendor_id].send(row, timeout_seconds=HANG_UP_SECONDS)
    except NoAnswer:
        return
