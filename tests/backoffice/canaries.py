"""Personal data that occur nowhere else, to look for in pages: on a player, and in what vendors and cases hold."""

import json
from datetime import date

from apps.core import clock
from apps.core.ids import uuid7
from apps.integrations.models import Exchange, ExchangeReply, InboundEvent, Integration
from apps.payments.models import Instrument, PaymentMethod
from apps.players.models import Player
from tests.factories.cases import hit

CANARIES = {
    "first_name": "Zqfirst", "last_name": "Zqlast", "email": "zqmail@zq-canary.example", "phone": "+35699123987",
    "street": "Zqstreet 77", "city": "Zqcity", "postcode": "ZQP 4711", "birth_date": "1913-07-19",
}  # fmt: skip
IBAN = "MT84MALT011000012345MTLCAST001S"
WORDS = (*CANARIES.values(), IBAN, "19 July 1913", "July 19, 1913", "1913-07")
BODY = {
    "applicant": {
        "firstName": "Zqfirst", "last_name": "Zqlast", "dob": "1913-07-19", "email": CANARIES["email"],
        "address": {"street": "Zqstreet 77", "town": "–", "city": "Zqcity", "postCode": "ZQP 4711"},
        "phoneNumber": "+35699123987",
    },
    "note": f"written to {CANARIES['email']} yesterday",
    "account": {"iban": IBAN, "name": "Zqfirst Zqlast"},
    "amount": 12.50,
}  # fmt: skip


def plant(player: Player, integration: Integration) -> Player:
    """Put canaries wherever personal data of a player lie."""
    Player.objects.filter(pk=player.pk).update(**CANARIES | {"birth_date": date(1913, 7, 19)})
    player.refresh_from_db()
    at = clock.now()
    raw = json.dumps(BODY).encode()
    exchange = Exchange.objects.create(
        id=uuid7(), started_at=at, integration_id=integration.pk, direction="in", method="POST", headers={}, body=raw,
        path=f"/kyc/x?email={CANARIES['email']}&first_name=Zqfirst", remote_address="127.0.0.1", player_id=player.pk,
    )  # fmt: skip
    ExchangeReply.objects.create(
        exchange=exchange, status=200, headers={}, body=raw[:-9], duration_us=900, recorded_at=at
    )
    InboundEvent.objects.create(
        integration=integration, event_id="zq-1", body=raw, headers={}, exchange_id=exchange.pk, received_at=at,
        last_delivered_at=at, state=InboundEvent.State.PARKED, terms_digest="0" * 64,
    )  # fmt: skip
    method, _ = PaymentMethod.objects.get_or_create(code="bank", defaults={"name": "Bank transfer"})
    Instrument.objects.create(
        player=player, method=method, token=IBAN, masked="MT••01S", holder="Zqfirst Zqlast", changed_at=at
    )
    hit(player)
    return player


def met(content: bytes) -> set[str]:
    """Which canaries a page shows."""
    text = content.decode("utf-8", "replace")
    return {word for word in WORDS if word in text}
