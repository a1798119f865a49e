"""
Q8: every page of the staff site as every role, looking for a player's personal data.

The player's every field is a canary that occurs nowhere else; the same canaries stand in what vendors sent, in an
instrument, a screening hit, a document and a case. Nobody meets one masked; who unmasks meets it, with a row in the
log. What is behind the wall is crawled in tests/compliance/test_filings.py.
"""

import json
from collections.abc import Iterator
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from apps.backoffice.models import Download, PersonalDataRead
from apps.backoffice.player_tabs import TABS
from apps.backoffice.roles import ROLES
from apps.core import clock
from apps.core.ids import uuid7
from apps.integrations.models import Exchange, ExchangeReply, InboundEvent, Integration
from apps.payments.models import Instrument, PaymentMethod
from apps.players.models import Player
from apps.verification.models import EvidenceRead
from tests.backoffice.conftest import Login
from tests.backoffice.test_crawl import addresses
from tests.contracts.family import Vendor
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


@pytest.fixture
def canary(played: Vendor, player: Player, caleta: Integration) -> Player:
    """The played player, with canaries wherever personal data lie."""
    Player.objects.filter(pk=player.pk).update(**CANARIES | {"birth_date": date(1913, 7, 19)})
    player.refresh_from_db()
    at = clock.now()
    raw = json.dumps(BODY).encode()
    exchange = Exchange.objects.create(
        id=uuid7(), started_at=at, integration_id=caleta.pk, direction="in", method="POST", headers={}, body=raw,
        path=f"/kyc/x?email={CANARIES['email']}&first_name=Zqfirst", remote_address="127.0.0.1", player_id=player.pk,
    )  # fmt: skip
    ExchangeReply.objects.create(
        exchange=exchange, status=200, headers={}, body=raw[:-9], duration_us=900, recorded_at=at
    )
    InboundEvent.objects.create(
        integration=caleta, event_id="zq-1", body=raw, headers={}, exchange_id=exchange.pk, received_at=at,
        last_delivered_at=at, state=InboundEvent.State.PARKED, terms_digest="0" * 64,
    )  # fmt: skip
    method, _ = PaymentMethod.objects.get_or_create(code="bank", defaults={"name": "Bank transfer"})
    Instrument.objects.create(
        player=player, method=method, token=IBAN, masked="MT••01S", holder="Zqfirst Zqlast", changed_at=at
    )
    hit(player)
    return player


def pages_of(player: Player) -> Iterator[str]:
    yield from (address for _, address in addresses())
    page = reverse("admin:players_player_change", args=[player.pk])
    yield from (f"{page}?tab={tab.name}" for tab in TABS)
    for asked in (player.username, str(player.public_id)):
        yield reverse("backoffice:trace") + f"?id={asked}"
    for exchange in Exchange.objects.filter(player_id=player.pk).order_by("-pk")[:3]:
        yield reverse("admin:integrations_exchange_change", args=[exchange.pk])
        yield reverse("backoffice:trace") + f"?id={exchange.pk}"
    yield reverse("admin:search") + "?s=zq"


def met(client: Client, address: str) -> set[str]:
    """Which canaries a page shows."""
    content = b"".join(client.get(address)).decode("utf-8", "replace")
    return {word for word in WORDS if word in content}


def logged() -> int:
    return PersonalDataRead.objects.count() + EvidenceRead.objects.count() + Download.objects.count()


@pytest.mark.parametrize("role", [*(role.name for role in ROLES), "superuser"])
def test_nobody_meets_personal_data_unmasked_without_asking(role: str, canary: Player, login: Login) -> None:
    client = login(role)

    leaks = {address: found for address in pages_of(canary) if (found := met(client, address))}

    assert leaks == {}
    assert logged() == 0


@pytest.mark.parametrize("role", ["investigator", "mlro", "kyc_agent"])
def test_who_unmasks_meets_only_what_was_asked_for_and_is_on_record(role: str, canary: Player, login: Login) -> None:
    client = login(role)
    address = reverse("admin:players_player_show-personal-data", args=[canary.pk])
    client.post(address, {"fields_wanted": ["last_name", "city"], "purpose": "Case 17"})

    found = {word for page in pages_of(canary) for word in met(client, page)}

    assert found == {"Zqlast", "Zqcity"}
    read = PersonalDataRead.objects.get()
    assert (read.user.username, read.player_id, read.fields) == (role, canary.pk, ["city", "last_name"])


def test_this_crawl_would_notice_an_unmasked_page(
    canary: Player, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.backoffice.player_page.masked_email", lambda email: email)
    with pytest.raises(AssertionError):
        test_nobody_meets_personal_data_unmasked_without_asking("support", canary, login)
