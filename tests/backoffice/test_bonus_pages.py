"""The pages of bonuses: drafted, published by two, given by two, seen by those who may, at a constant cost."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.bonuses.models import Grant, OfferVersion
from apps.bonuses.operations.claims import claim_bonus
from apps.compliance.models import ApprovalRequest
from apps.core import clock
from apps.players.models import Player
from tests.backoffice.conftest import Login
from tests.bonuses.scene import match_terms, publish, terms_of
from tests.factories.games import make_player
from tests.factories.policies import put_in_force
from tests.harness.queries import statements_of


def url(model: str, page: str = "changelist", *arguments: object) -> str:
    return reverse(f"admin:bonuses_{model}_{page}", args=arguments)


def press(client: Client, model: str, key: int, button: str, **terms: object) -> list[str]:
    reply = client.post(url(model, button, key), terms, follow=True)
    return [str(message) for message in reply.context["messages"]]


def decide(client: Client) -> list[str]:
    waiting = ApprovalRequest.objects.get(state="waiting")
    page = reverse("admin:compliance_approvalrequest_approve", args=[waiting.pk])
    reply = client.post(page, {"reason": "Looked at it", "seen": waiting.payload_hash}, follow=True)
    return [str(message) for message in reply.context["messages"]]


def new_offer(client: Client, brand_id: int, terms: dict[str, Any]) -> Any:
    body = {
        "brand": brand_id, "code": "autumn", "name": "Autumn", "terms": json.dumps(terms),
        "valid_from": f"{clock.now() - timedelta(hours=1):%Y-%m-%d %H:%M}", "valid_to": "",
    }  # fmt: skip
    return client.post(reverse("admin:bonuses_offer_new"), body, follow=True)


@pytest.fixture
def law(db: None) -> None:
    put_in_force("MT", "identity_verification_gate", "at_cdd_threshold")


def taken(player: Player, version: OfferVersion) -> Grant:
    grant = claim_bonus(player=player, public_id=version.offer.public_id, now=clock.now()).grant
    assert grant is not None
    return grant


def test_an_offer_is_drafted_by_one_and_published_by_another(login: Login, player: Player, law: None) -> None:
    drafter, approver = login("game_ops"), login("policy_approver")
    put_in_force("MT", "bonus_rules", {"max_wagering_multiplier": 10})
    page = new_offer(drafter, player.brand_id, match_terms())
    draft = OfferVersion.objects.get()
    assert "50 times in the game that counts least" in page.content.decode()
    assert press(drafter, "offerversion", draft.pk, "ask-to-publish", reason="For autumn") == [
        "MT: the bonus has to be staked 50 times in the game that counts least, 10 times are allowed."
    ]
    put_in_force("MT", "bonus_rules", {"max_wagering_multiplier": 50})
    assert "Asked." in press(drafter, "offerversion", draft.pk, "ask-to-publish", reason="For autumn")[0]
    decide(approver)
    draft = OfferVersion.objects.get()
    assert (draft.state, str(draft.published_by), str(draft.drafted_by)) == ("published", "policy_approver", "game_ops")
    assert set(draft.policy_versions) == {"MT"}
    assert press(drafter, "offerversion", draft.pk, "stop", reason="Enough of it") == ["Nobody can take it any more."]


def test_terms_that_make_no_sense_are_refused_beside_the_field(login: Login, player: Player) -> None:
    client = login("game_ops")
    reply = new_offer(client, player.brand_id, terms_of(days_to_wager=0))
    assert reply.status_code == 400
    assert "days_to_wager: a whole number from 1 to 90." in reply.content.decode()
    assert not OfferVersion.objects.exists()
    assert login("support").get(reverse("admin:bonuses_offer_new")).status_code == 403


def test_a_bonus_is_given_by_two_and_taken_by_the_player(login: Login, player: Player, law: None) -> None:
    support, payments = login("support"), login("payments")
    version = publish(terms_of(audience={"kind": "listed", "players": [str(make_player("listed").public_id)]}))
    terms = {"username": player.username, "currency": "EUR", "reason": "A complaint was right"}
    assert press(support, "offerversion", version.pk, "give", amount="20.01", **terms) == [
        "The offer gives 20.00 EUR at most."
    ]
    assert "Asked." in press(support, "offerversion", version.pk, "give", amount="7.50", **terms)[0]
    assert not Grant.objects.exists()
    decide(payments)
    grant = Grant.objects.get()
    assert (grant.state, grant.money.format(), str(grant.given_by), str(grant.agreed_by)) == (
        "offered", "7.50", "support", "payments",
    )  # fmt: skip
    assert claim_bonus(player=player, public_id=grant.public_id, now=clock.now()).grant is not None
    assert press(payments, "grant", grant.pk, "cancel", reason="Given by mistake") == ["The bonus is cancelled."]
    assert Grant.objects.get().taken_back_units == 7_500_000


def test_who_sees_what_of_a_players_bonus(login: Login, player: Player, law: None) -> None:
    grant = taken(player, publish(terms_of()))
    page = url("grant", "change", grant.pk)
    told = {role: login(role).get(page) for role in ("support", "investigator", "admin")}
    assert told["admin"].status_code == 403
    assert "How the claim of" not in told["support"].content.decode()
    assert "How the claim of" in told["investigator"].content.decode()
    assert login("investigator", scoped=False, username="elsewhere").get(page).status_code in (302, 404)


def test_the_lists_and_pages_cost_the_same_with_more_rows(login: Login, player: Player, law: None) -> None:
    client = login("auditor")
    version = publish(terms_of())
    grant = taken(player, version)
    pages = [
        url("grant"), url("offerversion"), url("grant", "change", grant.pk), url("offerversion", "change", version.pk),
    ]  # fmt: skip
    for page in pages:
        client.get(page)
    few = [len(statements_of(client, page)) for page in pages]
    for number in range(4):
        taken(make_player(f"more{number}"), version)
        publish(terms_of(), code=f"more{number}")
    many = [len(statements_of(client, page)) for page in pages]
    assert many == few
    assert max(many) <= 30
