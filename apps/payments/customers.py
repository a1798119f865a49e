"""The player as a provider may know him."""

from apps.payments.contract import Customer
from apps.players.models import Player


def customer_of(player: Player, *, remote_address: str = "") -> Customer:
    """Describe a player to a provider."""
    return Customer(
        reference=str(player.public_id),
        first_name=player.first_name,
        last_name=player.last_name,
        email=player.email,
        birth_date=player.birth_date.isoformat(),
        country=player.country,
        language=player.language,
        remote_address=remote_address,
        street=player.street,
        city=player.city,
        postcode=player.postcode,
        phone=player.phone,
        player_id=player.pk,
    )
