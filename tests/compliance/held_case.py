"""A case that somebody holds, and what is done to it again and again."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.compliance.cases import claims, closing
from apps.compliance.decisions import decide
from apps.compliance.models import Case
from apps.players.models import Player
from tests.factories.cases import NARRATIVE, NOW, case_of, colleague, hit
from tests.factories.games import make_player


@pytest.fixture
def player(db: None) -> Player:
    return make_player(cash="100")


@pytest.fixture
def mlro(player: Player) -> User:
    return colleague("mlro", brand=player.brand)


@pytest.fixture
def case(player: Player, mlro: User) -> Case:
    case = case_of(hit(player))
    claims.claim_case(case_id=case.pk, actor=mlro, now=NOW)
    return fresh(case)


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def restrict(case: Case, actor: User, *named: str, now: datetime = NOW) -> Any:
    return decide(
        case_id=case.pk, effect="restrict", params={"restrictions": list(named)}, reason_code="structuring",
        note="Held until explained", actor=actor, now=now,
    )  # fmt: skip


def close(case: Case, actor: User, *, now: datetime = NOW, **changes: Any) -> Any:
    terms = {"resolution": "false_positive", "reason_codes": ["explained"], "narrative": NARRATIVE, **changes}
    return closing.resolve_case(case_id=case.pk, actor=actor, now=now, **terms)
