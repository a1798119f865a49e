"""What each tab of a player's page shows: at most one page of rows each, in a constant number of queries."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Sum

from apps.backoffice.player_protection import protection_context
from apps.backoffice.player_statements import statements_context
from apps.core.ids import row_id
from apps.integrations.models import Integration
from apps.monitoring.charts import signed_bars
from apps.monitoring.models import Decision, RiskAssessment, RiskOverride, RiskState
from apps.players.models import Player
from apps.players.queries import live_sessions
from apps.providers.models import GameSession, Round
from apps.providers.round_queries import RoundTotals, games_by_id, rounds_of, totals_by_session
from apps.wallets.history import movements, transactions_of

PAGE = 50
_RECENT = 10


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: its name in the URL, its title, and who sees it."""

    name: str
    title: str
    permissions: tuple[str, ...]
    build: Callable[["View"], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class View:
    """Whose tab, for whom, from where on."""

    player: Player
    user: Any
    now: datetime
    before: str
    """The key below which the page begins; empty for the newest."""


def tab_context(tab: Tab, player: Player, *, user: Any, now: datetime, page: str) -> dict[str, Any]:
    """Collect what one tab shows."""
    return tab.build(View(player, user, now, page))


def _overview(view: View) -> dict[str, Any]:
    user = view.user
    context: dict[str, Any] = {}
    if user.has_perm("players.view_statuschange"):
        context["status_changes"] = list(view.player.status_changes.all()[:_RECENT])
    if user.has_perm("transactions.view_transaction"):
        context["movements"] = movements(view.player.pk, list(transactions_of(view.player.pk)[:_RECENT]))
    if user.has_perm("providers.view_round"):
        context["rounds"] = _with_games(list(rounds_of(view.player.pk).order_by("-pk")[:_RECENT]))
        context["play"] = list(
            rounds_of(view.player.pk)
            .order_by("currency")
            .values("currency")
            .annotate(staked=Sum("staked"), won=Sum("won"), back=Sum("rolled_back"), held=Sum("held_amount"))
        )
        for sums in context["play"]:
            sums["ggr"] = sums["staked"] - sums["back"] - sums["won"]
    return context


def _rounds(view: View) -> dict[str, Any]:
    rows = rounds_of(view.player.pk).order_by("-pk")
    if (before := row_id(view.before)) is not None:
        rows = rows.filter(pk__lt=before)
    shown = list(rows[: PAGE + 1])
    return {"rounds": _with_games(shown[:PAGE]), "older": shown[PAGE - 1].pk if len(shown) > PAGE else None}


def _with_games(rounds: list[Round]) -> list[dict[str, Any]]:
    games = games_by_id(each.game_id for each in rounds)
    slugs = dict(
        Integration.objects.filter(pk__in={each.integration_id for each in rounds}).values_list("pk", "slug")
        if rounds
        else []
    )
    return [
        {"round": each, "game": games.get(each.game_id), "integration": slugs.get(each.integration_id, "")}
        for each in rounds
    ]


def _transactions(view: View) -> dict[str, Any]:
    rows = transactions_of(view.player.pk)
    with contextlib.suppress(ValueError):
        rows = rows.filter(pk__lt=UUID(view.before))
    shown = list(rows[: PAGE + 1])
    return {
        "movements": movements(view.player.pk, shown[:PAGE]),
        "older": shown[PAGE - 1].pk if len(shown) > PAGE else None,
    }


def _sessions(view: View) -> dict[str, Any]:
    alive = set(live_sessions(view.player.pk, view.now).values_list("pk", flat=True))
    return {"sessions": [(session, session.pk in alive) for session in view.player.sessions.all()[:PAGE]]}


def _logins(view: View) -> dict[str, Any]:
    return {"attempts": list(view.player.login_attempts.order_by("-attempted_at")[:PAGE])}


def _games(view: View) -> dict[str, Any]:
    launched = list(
        GameSession.objects.filter(player=view.player).select_related("game", "integration").order_by("-pk")[:PAGE]
    )
    totals = totals_by_session(view.player.pk, [each.pk for each in launched])
    return {"launches": [(each, totals.get(each.pk, RoundTotals())) for each in launched]}


def _safer_play(view: View) -> dict[str, Any]:
    return protection_context(view.player, at=view.now)


def _statements(view: View) -> dict[str, Any]:
    return statements_context(view.player, user=view.user)


def _history(view: View) -> dict[str, Any]:
    return {"status_changes": list(view.player.status_changes.all()[:PAGE])}


def _risk(view: View) -> dict[str, Any]:
    """Both scales for those who see what rules decided; harm alone for those who look after players."""
    sees_all = view.user.has_perm("monitoring.view_decision")
    decisions = Decision.objects.filter(player_id=view.player.pk, is_shadow=False).exclude(result="pass")
    states = RiskState.objects.filter(player_id=view.player.pk)
    overrides = RiskOverride.objects.filter(player_id=view.player.pk).select_related("maker", "checker")
    assessments = RiskAssessment.objects.filter(player_id=view.player.pk)
    if not sees_all:
        decisions = decisions.filter(rule__family="harm")
        states, overrides, assessments = (
            states.filter(kind="harm"), overrides.filter(kind="harm"), assessments.filter(kind="harm")
        )  # fmt: skip
    return {
        "risks": [(state, signed_bars(state.contributions)) for state in states.order_by("kind")],
        "overrides": list(overrides[:_RECENT]),
        "hits": list(decisions.order_by("-pk")[:PAGE]),
        "assessments": list(assessments[:_RECENT]),
    }


TABS: tuple[Tab, ...] = (
    Tab("overview", "Overview", (), _overview),
    Tab("transactions", "Transactions", ("transactions.view_transaction",), _transactions),
    Tab("rounds", "Rounds", ("providers.view_round",), _rounds),
    Tab("games", "Game sessions", ("providers.view_gamesession",), _games),
    Tab("sessions", "Log-ins now", ("players.view_playersession",), _sessions),
    Tab("logins", "Log-in attempts", ("players.view_loginattempt",), _logins),
    Tab("safer-play", "Safer play", ("safer_play.view_limit",), _safer_play),
    Tab("statements", "Contacts and income", ("compliance.view_playercontact",), _statements),
    Tab("risk", "Risk", ("monitoring.view_riskstate",), _risk),
    Tab("history", "Status history", ("players.view_statuschange",), _history),
)
