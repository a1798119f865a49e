"""Incomplete rounds on the staff site: the page by game, voiding many with one decision, policies by two people."""

import pytest
from django.urls import reverse

from apps.brands.models import Brand
from apps.compliance.models import ApprovalRequest
from apps.core import clock
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers import tasks
from apps.providers.models import Game, Round, RoundPolicy
from apps.wallets.queries import balances_of
from tests.backoffice.conftest import Login, make_staff
from tests.backoffice.test_actions import press, said
from tests.contracts.family import Vendor
from tests.factories.games import make_player
from tests.factories.integrations import make_brand
from tests.harness.queries import statements_of
from tests.providers.table import EURO, GAME, play, published, seated

pytestmark = pytest.mark.django_db
PAGE = "backoffice:incomplete-rounds"


@pytest.fixture
def left(vendor: Vendor, player: Player, caleta: Integration, game: Game) -> str:
    """Three rounds left unfinished an hour ago, one of which has paid; the address of the game's rounds."""
    play(vendor, 3)
    play(seated(make_player("bror", cash="50"), caleta, game), 4, "r-2")
    bet = play(vendor, 5, "r-3")
    vendor.win(bet, 100_000, round="r-3", **GAME)
    clock.advance(3600)
    found = Round.objects.get(external_id="r-1")
    of = {"brand": found.brand_id, "integration": found.integration_id, "game": found.game_id, "currency": "EUR"}
    return f"{reverse(PAGE)}?" + "&".join(f"of_{name}={value}" for name, value in of.items())


def test_a_failed_games_rounds_are_refunded_by_one_decision(left: str, player: Player, login: Login) -> None:
    maker, checker = login("game_ops"), login("game_ops", username="lead")
    page = maker.get(left)
    totals = page.context["chosen"]
    assert (totals["voidable"], totals["total"], totals["players"], len(totals["rows"])) == (2, 7 * EURO, 2, 3)
    assert "2 rounds of 2 players can be voided: 7.00 EUR would go back." in page.content.decode()
    terms = {"rounds": totals["ids"], "query": left.partition("?")[2], "reason": "INC-4: the game server died"}
    assert (
        "Say why"
        in said(maker.post(reverse("backoffice:void-incomplete-rounds"), terms | {"reason": ""}, follow=True))[0]
    )
    reply = maker.post(reverse("backoffice:void-incomplete-rounds"), terms, follow=True)
    assert said(reply)[0].startswith("Asked: 2 rounds of Dragon Rising are voided: 7.00 EUR go back to 2 players.")
    assert "to be voided" in reply.content.decode()
    again = maker.post(reverse("backoffice:void-incomplete-rounds"), terms, follow=True)
    assert said(again) == ["A proposal is waiting already"] or "already" in said(again)[0]
    asked = ApprovalRequest.objects.get()
    press(checker, "compliance_approvalrequest", asked.pk, "approve", seen=asked.payload_hash, reason="seen it")
    assert balances_of(player.pk)[0].cash == 96 * EURO
    assert [row["round"].external_id for row in maker.get(left).context["chosen"]["rows"]] == ["r-3"]


def test_the_page_counts_by_game_filters_and_costs_a_fixed_number_of_queries(
    left: str, vendor: Vendor, login: Login
) -> None:
    client = login("game_ops")
    (row,) = client.get(reverse(PAGE)).context["groups"]
    assert (row["group"].rounds, row["group"].held, row["group"].handed) == (3, 12 * EURO, 0)
    assert client.get(f"{reverse(PAGE)}?idle=24").context["groups"] == []
    assert client.get(f"{reverse(PAGE)}?category=live&waits=staff").context["groups"] == []
    assert client.get(f"{reverse(PAGE)}?idle=x&brand=0&of_game=999999999999999999999").status_code == 200
    before = len(statements_of(client, left))
    for number in range(6):
        play(vendor, 1, f"more-{number}")
    clock.advance(3600)
    client = login("game_ops", username="second")
    assert len(statements_of(client, left)) == before


def test_other_brands_and_those_without_the_right_are_kept_out(left: str, login: Login) -> None:
    other = make_brand("nordlys")
    make_staff("game_ops", brand=other, username="stranger")
    outsider = login("game_ops", username="outsider", scoped=False)
    assert outsider.get(reverse(PAGE)).context["groups"] == []
    ids = ",".join(str(pk) for pk in Round.objects.values_list("pk", flat=True))
    outsider.post(reverse("backoffice:void-incomplete-rounds"), {"rounds": ids, "reason": "not mine"})
    assert login("payments").get(reverse(PAGE)).status_code in (200, 403)
    login("support", username="reader").post(
        reverse("backoffice:void-incomplete-rounds"), {"rounds": ids, "reason": "no right"}
    )
    assert not ApprovalRequest.objects.exists()


def test_what_waits_for_a_person_and_what_came_late_are_on_the_home_page(
    left: str, vendor: Vendor, player: Player, login: Login
) -> None:
    author = make_staff("policy_author", brand=Brand.objects.get(), username="author")
    approver = make_staff("policy_approver", brand=Brand.objects.get(), username="approver")
    published(author, approver)
    bet = play(seated(player, Integration.objects.get(), Game.objects.get()), 2, "r-4")
    published(author, approver, outcome="staff", game_id=Game.objects.get().pk)
    play(seated(player, Integration.objects.get(), Game.objects.get()), 1, "r-5")
    clock.advance(25 * 3600)
    assert tasks.resolve_incomplete_rounds() == {"void": 1, "staff": 1}
    vendor.win(bet, 100_000, round="r-4", **GAME)
    client = login("game_ops")
    texts = {item["text"] for item in client.get(reverse("backoffice:live")).json()["attention"]}
    assert "Incomplete rounds that wait for a person: 1" in texts
    assert "Results that came after their round was resolved: 1" in texts
    found = Round.objects.get(external_id="r-4")
    page = client.get(reverse("admin:providers_round_change", args=[found.pk])).content.decode()
    assert "the vendor sent a win of 1.00 EUR" in page
    press(client, "providers_round", found.pk, "answer", reason="The vendor withdrew it")
    texts = {item["text"] for item in client.get(reverse("backoffice:live")).json()["attention"]}
    assert "Results that came after their round was resolved: 1" not in texts


def test_a_policy_is_proposed_on_a_page_and_published_by_another(game: Game, login: Login) -> None:
    author, approver = login("policy_author"), login("policy_approver")
    shipped = RoundPolicy.objects.get()
    address = reverse("admin:providers_roundpolicy_propose")
    assert f'value="{shipped.resolve_after_hours}"' in author.get(f"{address}?from={shipped.pk}").content.decode()
    terms = {
        "game": "clt-dragonrising", "interrupted_after_minutes": "30", "resolve_after_hours": "4", "outcome": "void",
        "new_start": "category", "text": "After four hours the stake is returned.", "source": "GLI-19",
        "reason": "The vendor reports every loss",
    }  # fmt: skip
    assert author.post(address, terms | {"game": "unknown"}).status_code == 400
    author.post(address, terms)
    asked = ApprovalRequest.objects.get()
    assert asked.summary.startswith("Dragon Rising: interrupted after 30 minutes without activity")
    assert approver.get(address).status_code == 403
    press(approver, "compliance_approvalrequest", asked.pk, "approve", seen=asked.payload_hash, reason="read it")
    policy = RoundPolicy.objects.first()
    assert policy is not None
    assert (policy.game, policy.outcome, policy.origin) == (game, "void", "staff")
    for page in ("changelist", "change"):
        args = [policy.pk] if page == "change" else []
        assert "Dragon Rising" in author.get(reverse(f"admin:providers_roundpolicy_{page}", args=args)).content.decode()


def test_a_round_is_resettled_on_its_page(played: Vendor, player: Player, login: Login) -> None:
    maker, checker = login("game_ops"), login("game_ops", username="lead")
    found = Round.objects.get(external_id="r-1")
    terms = {"right_win": "12.50", "reference": "TICKET-77", "evidence": "", "reason": "The paytable was wrong"}
    for wrong in ("-1", "x", "1e3", "12.505"):
        assert press(maker, "providers_round", found.pk, "resettle", **terms | {"right_win": wrong}).status_code == 400
    press(maker, "providers_round", found.pk, "resettle", **terms)
    asked = ApprovalRequest.objects.get()
    press(checker, "compliance_approvalrequest", asked.pk, "approve", seen=asked.payload_hash, reason="seen it")
    assert balances_of(player.pk)[0].cash == 107_500_000
    page = maker.get(reverse("admin:providers_round_change", args=[found.pk])).content.decode()
    assert "+9.50 EUR" in page
    assert "TICKET-77" in page


@pytest.mark.parametrize("number", ["9" * 19, "9" * 5000, "\N{SUPERSCRIPT TWO}", "-1", "0x1"])
def test_a_number_that_is_no_rows_breaks_no_page(number: str, played: Vendor, player: Player, login: Login) -> None:
    client = login("superuser")
    rounds = reverse("backoffice:incomplete-rounds")
    pages = {
        rounds: {"of_brand": number, "of_integration": number, "of_game": number, "of_currency": "EUR"},
        reverse("backoffice:trace"): {"id": number},
        reverse("admin:players_player_change", args=[player.pk]): {"tab": "rounds", "before": number, "p": number},
        reverse("admin:providers_roundpolicy_propose"): {"from": number},
        reverse("admin:compliance_case_changelist"): {"q": f"AML-{number}"},
    }
    assert {page: client.get(page, terms).status_code for page, terms in pages.items()} == dict.fromkeys(pages, 200)
    sent = client.post(reverse("backoffice:void-incomplete-rounds"), {"rounds": number, "reason": "Malfunction"})
    assert sent.status_code == 302
