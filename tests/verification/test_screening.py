"""Screening: who is a hit and why, reviewed once, and again when either side changes."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from apps.compliance.approvals import ApprovalSecondPerson, decide_approval
from apps.compliance.models import Alert, ApprovalRequest
from apps.core import clock
from apps.integrations.outbound import VendorTimeout
from apps.players.models import Player
from apps.verification.gates import gate
from apps.verification.list_loading import SHIPPED, load_list
from apps.verification.models import HitReview, ListedEntity, PlayerFact, ScreeningHit
from apps.verification.operations.hits import HitDecided, clear_hit, confirm_hit
from apps.verification.screening import players_due, screen_player
from tests.factories.games import make_player
from tests.factories.identity import connect_identity_vendor
from tests.factories.integrations import make_brand
from tests.factories.staff import make_staff
from tests.verification.vendors import Api, open_api

pytestmark = pytest.mark.django_db

HEADER = "entity_id,schema,name,aliases,birth_dates,countries,topics\n"


@pytest.fixture
def shipped() -> None:
    load_list(dataset="invented", path=SHIPPED, now=clock.now())


@pytest.fixture
def people() -> tuple[User, User]:
    brand = make_brand()
    agent = make_staff("agent", "verification.review_hit", brands=(brand,))
    return agent, make_staff("officer", "verification.clear_sanctions_hit", brands=(brand,))


def player_called(first: str, last: str, born: date = date(1961, 3, 14), country: str = "UA") -> Player:
    """A player of that name."""
    return make_player(first_name=first, last_name=last, birth_date=born, country=country)


def screen(player: Player) -> Any:
    """Ask the lists."""
    return screen_player(player_id=player.pk, trigger="test", now=clock.now())


def test_a_listed_person_is_found_in_another_spelling_and_explained(shipped: None) -> None:
    player = player_called("Zoltán", "Darvenko")
    assert screen(player).open_hits == 1
    hit = ScreeningHit.objects.get()
    assert (hit.entity_id, hit.is_sanction, hit.corroboration) == ("invented:SYN-0001", True, 3)
    assert hit.explanation[0].startswith("Name 100% like “Zoltán Darvenko”")
    assert hit.explanation[1:] == ["Birth date: 1961-03-14 agrees", "Country: UA agrees"]
    assert Alert.objects.get(player=player).severity == "high"
    assert PlayerFact.objects.get().kind == "pep"
    assert gate(player=player, purpose="withdrawal", now=clock.now()).player_reason == "being-reviewed"
    assert gate(player=player, purpose="play", now=clock.now()).passed


def test_a_name_in_arabic_is_found(shipped: None) -> None:
    screen(player_called("نسرين", "الطبيري", date(1974, 11, 2), "AE"))
    assert ScreeningHit.objects.get().entity_id == "invented:SYN-0003"


def test_nobody_is_a_hit_by_one_name_or_one_birthday(shipped: None) -> None:
    player = player_called("Zoltan", "Somebody")
    assert screen(player).open_hits == 0
    kinds = PlayerFact.objects.proven(clock.now()).filter(player=player).values_list("kind", flat=True)
    assert sorted(kinds) == ["pep", "sanctions"]


def test_another_birth_date_outweighs_a_name_that_is_only_alike(shipped: None) -> None:
    assert screen(player_called("Otillie", "Brandvos", date(1999, 1, 1), "DE")).open_hits == 0


def test_what_is_corroborated_comes_before_a_better_name(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        HEADER + "A,Person,Karlo Mertens,,,,sanction\nB,Person,Karlo Martens,,1980-02-03,BE,sanction\n",
        encoding="utf-8",
    )
    load_list(dataset="two", path=file, now=clock.now())
    screen(player_called("Karlo", "Mertens", date(1980, 2, 3), "BE"))
    first, second = ScreeningHit.objects.order_by("-rank")
    assert (first.caption, second.caption) == ("Karlo Martens", "Karlo Mertens")
    assert first.score < second.score


def test_a_sanctions_hit_is_cleared_by_two_people_and_never_by_one(shipped: None, people: tuple[User, User]) -> None:
    agent, officer = people
    player = player_called("Zoltan", "Darvenko")
    screen(player)
    hit = ScreeningHit.objects.get()
    request = clear_hit(hit_id=hit.pk, note="another birthplace", actor=agent, now=clock.now())
    assert isinstance(request, ApprovalRequest)
    hit = ScreeningHit.objects.get(pk=hit.pk)
    assert hit.state == "open"
    agent.user_permissions.add(*officer.user_permissions.all())
    with pytest.raises(ApprovalSecondPerson):
        decide_approval(request_id=request.pk, checker=agent, approve=True, reason="", now=clock.now())
    decide_approval(request_id=request.pk, checker=officer, approve=True, reason="", now=clock.now())
    hit = ScreeningHit.objects.get(pk=hit.pk)
    assert (hit.state, hit.decided_by, hit.checked_by) == ("false_positive", agent, officer)
    assert PlayerFact.objects.proven(clock.now()).filter(player=player, kind="sanctions").exists()
    assert screen(player).open_hits == 0


def test_a_cleared_hit_comes_back_when_either_side_changes(tmp_path: Path, people: tuple[User, User]) -> None:
    agent, _ = people
    file = tmp_path / "list.csv"
    row = "P,Person,Ottilie Brandvoss,,1970-01-30,{},role.pep\n"
    file.write_text(HEADER + row.format("DE"), encoding="utf-8")
    load_list(dataset="peps", path=file, now=clock.now())
    player = player_called("Ottilie", "Brandvoss", date(1970, 1, 30), "DE")
    screen(player)
    hit = ScreeningHit.objects.get()
    clear_hit(hit_id=hit.pk, note="not the minister", actor=agent, now=clock.now())
    assert screen(player).new_hits == 0
    file.write_text(HEADER + row.format("AT"), encoding="utf-8")
    assert load_list(dataset="peps", path=file, now=clock.now()).changed == 1
    assert screen(player).new_hits == 1
    clear_hit(hit_id=hit.pk, note="still not", actor=agent, now=clock.now())
    Player.objects.filter(pk=player.pk).update(country="CH")
    assert screen(player).new_hits == 1
    assert list(HitReview.objects.values_list("to_state", flat=True)) == [
        "false_positive", "open", "false_positive", "open",
    ]  # fmt: skip


def test_a_confirmed_sanctions_hit_stops_everything(shipped: None, people: tuple[User, User]) -> None:
    agent, _ = people
    player = player_called("Zoltan", "Darvenko")
    screen(player)
    confirm_hit(hit_id=ScreeningHit.objects.get().pk, note="same passport", actor=agent, now=clock.now())
    assert PlayerFact.objects.standing().get(player=player, kind="sanctions").outcome == "refuted"
    for purpose in ("deposit", "play", "withdrawal", "bonus"):
        answer = gate(player=player, purpose=purpose, now=clock.now())
        assert (answer.passed, answer.player_reason) == (False, "being-reviewed")
    assert Alert.objects.filter(player=player, severity="critical").exists()
    with pytest.raises(HitDecided):
        clear_hit(hit_id=ScreeningHit.objects.get().pk, note="after all not", actor=agent, now=clock.now())


def test_an_entry_that_left_the_list_is_no_hit_any_more(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(HEADER + "P,Person,Ottilie Brandvoss,,,,role.pep\n", encoding="utf-8")
    load_list(dataset="peps", path=file, now=clock.now())
    player = player_called("Ottilie", "Brandvoss")
    screen(player)
    file.write_text(HEADER, encoding="utf-8")
    assert load_list(dataset="peps", path=file, now=clock.now()).gone == 1
    screen(player)
    assert ScreeningHit.objects.get().state == "gone"


def test_who_was_screened_is_not_due_until_the_list_changes(tmp_path: Path) -> None:
    player = player_called("Ottilie", "Brandvoss")
    assert players_due(now=clock.now()) == [player.pk]
    screen(player)
    assert players_due(now=clock.now()) == []
    file = tmp_path / "list.csv"
    file.write_text(HEADER + "P,Person,Ottilie Brandvoss,,,,role.pep\n", encoding="utf-8")
    load_list(dataset="peps", path=file, now=clock.now())
    assert players_due(now=clock.now()) == [player.pk]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name\nX\n", "missing columns"),
        (HEADER + ",Person,X,,,,\n", "line 2: entity_id and name are needed"),
        (HEADER + "A,Person,X,,,,\nA,Person,Y,,,,\n", "line 3: A stands twice"),
    ],
)
def test_a_list_that_is_not_sound_is_refused_whole(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "list.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=why):
        call_command("load_screening_list", "--dataset", "x", "--file", str(file))
    assert not ListedEntity.objects.exists()


def _yente(api: Api, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
    del method, headers, body
    result = {
        "id": "Q1", "caption": "Zoltan Darvenko", "schema": "Person", "score": 0.91, "datasets": ["us_ofac"],
        "properties": {"birthDate": ["1961-03-14"], "country": ["ua"], "topics": ["sanction"]},
    }  # fmt: skip
    results = [] if "exclude_entity_ids=Q1" in path or "changed_since" in path else [result]
    return 200, {"responses": {"player": {"status": 200, "results": results}}} if api.decision == "pending" else {}


@pytest.fixture
def yente() -> Iterator[Api]:
    with open_api(_yente) as api:
        connect_identity_vendor("yente", base_url=api.base_url)
        yield api


def test_a_yente_server_is_asked_and_its_score_kept(yente: Api, people: tuple[User, User]) -> None:
    agent, officer = people
    player = player_called("Zoltan", "Darvenko")
    screen(player)
    hit = ScreeningHit.objects.get(source="yente")
    assert (hit.score, hit.corroboration, hit.is_sanction, hit.entity_id) == (0.91, 3, True, "Q1")
    assert yente.calls[0][1].startswith("/match/default?threshold=0.7")
    assert yente.calls[0][2]["authorization"] == "ApiKey yente-key"
    request = clear_hit(hit_id=hit.pk, note="another person", actor=agent, now=clock.now())
    decide_approval(request_id=request.pk, checker=officer, approve=True, reason="", now=clock.now())
    screen(player)
    assert "exclude_entity_ids=Q1" in yente.calls[1][1]
    assert "changed_since=" in yente.calls[2][1]
    hit = ScreeningHit.objects.get(pk=hit.pk)
    assert hit.state == "false_positive"


def test_a_server_that_does_not_answer_clears_nobody(yente: Api) -> None:
    player = player_called("Zoltan", "Darvenko")
    screen(player)
    yente.decision = "nonsense"
    with pytest.raises(VendorTimeout):
        screen(player)
    assert ScreeningHit.objects.get(source="yente").state == "open"
