"""Who may take which bonus, once, and how it was judged."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from apps.bonuses.models import Claim, ClaimCheck, Grant
from apps.bonuses.operations.claims import claim_bonus
from apps.bonuses.operations.offers import OfferUnlawful, draft_version
from apps.bonuses.terms import OfferTermsNotSound, read_terms
from apps.core import clock
from apps.core.errors import DomainError
from apps.monitoring.models import Link
from apps.players.models import Player
from apps.players.operations import change_status
from apps.safer_play.exclusions import ExclusionTerms, exclude_person
from apps.transactions.models import Transaction
from tests.bonuses.scene import bet, claim, claimed, fresh, give_up, match_terms, publish, purse, terms_of, win, worked
from tests.contracts.family import Vendor
from tests.factories.games import frontend_of, make_player
from tests.factories.integrations import make_brand
from tests.factories.players import problem
from tests.factories.policies import put_in_force

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_list_shows_offers_progress_and_terms_and_a_claim_is_done_once(
    player: Player, frontend: Client, vendor: Vendor
) -> None:
    version = publish(terms_of())
    publish(match_terms(), code="match")
    publish(terms_of(audience={"kind": "new", "days": 3}), code="for-newcomers")
    shown = frontend.get("/api/v1/bonuses").json()
    assert [(each["name"], each["state"]) for each in shown["available"]] == [
        ("Welcome", "available"), ("Match", "needs-deposit"),
    ]  # fmt: skip
    assert shown["available"][1]["minimum_deposit"] == {"amount": "20.00", "currency": "EUR"}
    match_id = shown["available"][1]["id"]
    problem(claim(frontend, match_id), 409, "bonus-needs-deposit")
    assert problem(frontend.post(f"/api/v1/bonuses/{match_id}/claim", {}, content_type="application/json"), 400,
                   "idempotency-key-missing")  # fmt: skip

    first = claim(frontend, version.offer.public_id, "one-key")
    again = claim(frontend, version.offer.public_id, "one-key")
    assert (first.status_code, again.status_code, again["Idempotency-Replayed"]) == (200, 200, "true")
    assert again.json() == first.json()
    problem(claim(frontend, version.offer.public_id), 409, "bonus-already-active")
    problem(claim(frontend, first.json()["id"]), 409, "bonus-ended")
    assert purse(player) == (100, 20)
    bet(vendor, 25, "r1")
    worked()
    (mine,) = frontend.get("/api/v1/bonuses").json()["results"]
    assert mine["state"] == "active"
    assert mine["wagering"] == {
        "required": {"amount": "100.00", "currency": "EUR"}, "wagered": {"amount": "25.00", "currency": "EUR"},
        "percent": 25, "stakes_too_large": 0,
    }  # fmt: skip
    assert "5 times the bonus to be wagered before it becomes cash." in mine["terms"]["significant"]
    stranger = frontend_of(make_player("stranger"))
    problem(claim(stranger, mine["id"]), 404, "bonus-unknown")
    problem(give_up(stranger, mine["id"]), 404, "bonus-unknown")
    assert give_up(frontend, mine["id"]).json()["end"] == "given-up"
    problem(claim(frontend, version.offer.public_id), 409, "bonus-not-available")
    assert purse(player) == (75, 0)


def link(*players: Player) -> None:
    """Let players be seen with one device."""
    now = clock.now()
    Link.objects.bulk_create(
        Link(player_id=each.pk, kind="device", value="d1", first_at=now, last_at=now, times=1) for each in players
    )


def refused(name: str) -> dict[str, Any]:
    """Evidence of the only question that refused the last claim."""
    last = Claim.objects.order_by("-pk")[0]
    checks = list(ClaimCheck.objects.filter(claim=last))
    assert len(checks) == 12
    (no,) = [each for each in checks if not each.passed]
    assert no.name == name
    found: dict[str, Any] = no.evidence
    return found


def test_each_refusal_is_kept_with_its_reason_which_the_player_is_not_told(player: Player, frontend: Client) -> None:
    offer = publish(terms_of(per_household=1)).offer.public_id
    other = make_player("other")
    link(player, other)
    assert claim(frontend_of(other), offer).status_code == 200
    words = [problem(claim(frontend, offer), 409, "bonus-not-available")["title"]]
    assert refused("household") == {"linked": 1, "taken": 1, "limit": 1}
    listed = publish(
        terms_of(audience={"kind": "listed", "players": [str(other.public_id)]}), code="listed"
    ).offer.public_id
    words.append(problem(claim(frontend, listed), 409, "bonus-not-available")["title"])
    assert refused("audience") == {"audience": "listed"}
    change_status(
        player_id=player.pk, to=Player.Status.RESTRICTED, restrictions=["bonus"], reason_code="abuse", note="",
        actor="x", now=clock.now(),
    )  # fmt: skip
    words.append(problem(claim(frontend, publish(terms_of(), code="open").offer.public_id), 409,
                         "bonus-not-available")["title"])  # fmt: skip
    assert refused("status")["restrictions"] == ["bonus"]
    assert len(set(words)) == 1
    assert purse(player) == (100, 0)
    assert frontend.get("/api/v1/bonuses").json()["available"] == []


def test_the_law_is_asked_at_publication_and_again_at_each_claim(player: Player, frontend: Client) -> None:
    put_in_force("MT", "bonus_rules", {"max_wagering_multiplier": 10, "mixed_product_incentives": False})
    with pytest.raises(OfferUnlawful, match=r"MT: the bonus has to be staked 50 times"):
        publish(terms_of())  # tables count a tenth
    with pytest.raises(OfferUnlawful, match="bingo and casino"):
        publish(terms_of(wagering={"categories": {"slot": 100, "bingo": 100}}), code="mixed")
    with pytest.raises(OfferUnlawful, match="staked 12 times"):
        publish(match_terms(wagering={"times": "6", "of": "bonus_and_deposit", "categories": {"slot": 100}}), code="of")
    version = publish(terms_of(wagering={"categories": {"slot": 50}}), code="lawful")
    stricter = put_in_force("MT", "bonus_rules", {"max_wagering_multiplier": 9})
    problem(claim(frontend, version.offer.public_id), 409, "bonus-not-available")
    assert "allowed" in refused("law")["broken"][0]
    assert ClaimCheck.objects.get(name="law").policy_version_id == stricter.pk
    rules = {"first_time_only": True, "no_bonus_during_play": True, "max_value": 20, "currency": "EUR"}
    latest = put_in_force("MT", "bonus_rules", rules)
    with pytest.raises(OfferUnlawful, match="new players and once only"):
        publish(terms_of(), code="for-all")
    new = terms_of(audience={"kind": "new", "days": 30}, amounts=[{"currency": "EUR", "amount": "20.00"}])
    with pytest.raises(OfferUnlawful, match=r"a value of 20.00 EUR at most"):
        publish(new | {"amounts": [{"currency": "EUR", "amount": "20.01"}]}, code="dear")
    newcomer = make_player("newcomer", registered_at=clock.now())
    grant = claimed(frontend_of(newcomer), publish(new, code="new"))
    assert grant.policy_version_id == latest.pk
    give_up(frontend_of(newcomer), grant.public_id)
    problem(claim(frontend_of(newcomer), publish(new, code="second").offer.public_id), 409, "bonus-not-available")
    assert refused("law")["broken"] == ["the player has had a bonus"]


def test_no_bonus_is_taken_during_play_where_the_law_says_so(player: Player, frontend: Client, vendor: Vendor) -> None:
    put_in_force("MT", "bonus_rules", {"no_bonus_during_play": True})
    problem(claim(frontend, publish(terms_of()).offer.public_id), 409, "bonus-during-play")
    assert refused("play") == {"rule": True, "playing": True}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"wagering": {"categories": {"slot": 0}}}, "no game counts"),
        ({"amounts": [{"currency": "EUR", "amount": "20.00", "conversion_limit": "19.99"}]}, "than the bonus itself"),
        ({"amounts": [{"currency": "EUR", "amount": "20.00", "stake_limit": "0.02"}]}, "can not be wagered in 7 days"),
        ({"amounts": [{"currency": "EUR", "amount": "20.005"}]}, "amount"),
        ({"wagering": {"times": "51"}}, "from 0 to 50"),
        ({"wagering": {"categories": {"poker": 100}}}, "nobody knows poker"),
        ({"wagering": {"of": "bonus_and_deposit"}}, "no deposit to wager"),
        ({"days_to_wager": 0}, "from 1 to 90"),
        ({"text": "Free money!"}, "40 to 4000 characters"),
        ({"jurisdictions": ["SE"]}, "serves nobody in SE"),
        ({"surprise": True}, "Nobody knows surprise"),
    ],
)
def test_unfair_or_senseless_terms_are_refused_with_what_is_wrong(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(OfferTermsNotSound) as refusal:
        draft_version(
            brand_id=make_brand().pk, code="x", name="X", terms=terms_of(**changes), valid_from=clock.now(),
            valid_to=None, actor=None, now=clock.now(),
        )  # fmt: skip
    assert told in refusal.value.detail


def test_what_a_bonus_amounts_to_is_exact_in_whole_coins() -> None:
    terms = read_terms(match_terms(percent=33, wagering={"times": "1.5", "of": "bonus_and_deposit"}))
    assert terms.bonus_for("EUR", deposit_units=20_010_000) == 6_600_000
    assert terms.bonus_for("EUR", deposit_units=19_999_999) == 0
    assert terms.bonus_for("EUR", deposit_units=10**12) == 50_000_000
    assert terms.bonus_for("SEK", deposit_units=10**12) == 0
    # 6.60 and the 20.00 of the deposit that were matched, one and a half times.
    assert terms.required_for(6_600_000) == 39_900_000


def together(work: list[Callable[[], object]]) -> list[object]:
    """Do everything at one moment; a refusal counts as its code."""
    barrier, results = threading.Barrier(len(work)), []

    def run(each: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results.append(each())
        except DomainError as refusal:
            results.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_bonus_claimed_many_times_at_once_is_posted_once_also_in_a_household(player: Player) -> None:
    offer = publish(terms_of(per_household=1)).offer.public_id
    other = make_player("other", cash="5")
    link(player, other)
    now = clock.now()

    def take(who: Player) -> bool:
        return claim_bonus(player=who, public_id=offer, now=now).grant is not None

    won = together([lambda: take(player), lambda: take(other)] * 3)
    assert sorted(map(bool, won)) == [False] * 5 + [True]
    assert (Grant.objects.count(), Transaction.objects.filter(kind="bonus").count(), Claim.objects.count()) == (1, 1, 6)


def test_an_exclusion_ends_bonuses_at_once_and_leaves_the_players_own_money(
    player: Player, frontend: Client, vendor: Vendor
) -> None:
    active = claimed(frontend, publish(terms_of()))
    open_bet = bet(vendor, 104, "open")
    now = clock.now()
    results = together(
        [
            lambda: exclude_person(player_id=player.pk, terms=ExclusionTerms(kind="time_out", lasts=timedelta(days=2)),
                                   now=now),
            lambda: claim_bonus(player=player, public_id=publish(terms_of(), code="b").offer.public_id, now=now).grant,
        ]
    )  # fmt: skip
    assert len(results) == 2
    ended = fresh(active)
    assert (ended.state, ended.end_reason, ended.taken_back_units) == ("cancelled", "exclusion", 16_000_000)
    assert Grant.objects.filter(state="active").count() == 0
    # The open round goes on: what belongs to his own stake is his, what belongs to the bonus is not.
    win(vendor, open_bet, 52, "open")
    worked()
    assert purse(player) == (50, 0)
    clock.advance(3 * 86_400)
    problem(claim(frontend_of(player), publish(terms_of(), code="c").offer.public_id), 409, "bonus-not-available")
    assert refused("protection") == {"excluded": False, "no_marketing": True}
