"""Published policies for interrupted rounds: which governs a round, and publishing one. They are followed elsewhere."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from apps.brands.models import Brand, Jurisdiction
from apps.compliance.approvals import request_approval
from apps.compliance.models import ApprovalRequest
from apps.core.errors import DomainError
from apps.players.models import Player
from apps.providers.models import Game, Round, RoundPolicy

PROPOSE_PERMISSION = "providers.propose_round_policy"
PUBLISH_PERMISSION = "providers.publish_round_policy"
PUBLISH_COMMAND = "providers.publish_round_policy"
LONGEST_TEXT = 2000
LONGEST_HOURS = 8760
# Games of these categories end by themselves, whoever watches: nobody has to come back to finish them.
_SELF_FINISHING = frozenset({Game.Category.LIVE, Game.Category.CRASH})
_CATEGORIES: dict[str, str] = {
    Game.Category.SLOT: "Slots",
    Game.Category.LIVE: "Live games",
    Game.Category.TABLE: "Table games",
    Game.Category.BINGO: "Bingo games",
    Game.Category.CRASH: "Crash games",
    Game.Category.INSTANT: "Instant games",
}
_NewStart = RoundPolicy.NewStart


class RoundPolicyNotSound(DomainError):
    """A place, game or vendor that does not exist, times out of order, or no words for the player."""

    code = "round-policy-not-sound"
    title = "The policy can not be published like that"
    status = 422


@dataclass(frozen=True, slots=True)
class Terms:
    """What a policy says, and of which games and places; None or empty: of all."""

    interrupted_after_minutes: int
    resolve_after_hours: int
    outcome: str
    text: str
    source: str
    effective_at: datetime
    new_start: str = _NewStart.BY_CATEGORY
    brand_id: int | None = None
    jurisdiction_id: str | None = None
    category: str = ""
    vendor: str = ""
    game_id: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a policy says of a round that is open."""

    policy: RoundPolicy
    interrupted_at: datetime
    """If nothing happens in the round until then."""
    due_at: datetime
    """When it is resolved, unless something happens before."""

    @property
    def resolves_at(self) -> datetime | None:
        """When the policy ends the round; None where it waits for the game provider."""
        return None if self.policy.outcome == RoundPolicy.Outcome.WAIT else self.due_at


class PolicyBook:
    """Every published policy, to be asked. Made by `read_book`, in one query."""

    def __init__(self, policies: Iterable[RoundPolicy]) -> None:
        scopes: dict[tuple[Any, ...], list[RoundPolicy]] = defaultdict(list)
        for policy in sorted(policies, key=lambda each: (each.effective_at, each.pk), reverse=True):
            scopes[_scope(policy)].append(policy)
        # Most specific first: a game before its vendor, that before its category, and the brand before the place.
        self._scopes = sorted(scopes.items(), key=lambda item: [bool(part) for part in item[0]], reverse=True)

    def governing(self, *, game: Game, brand_id: int, jurisdiction: str, at: datetime) -> RoundPolicy:
        """
        Return the policy for rounds of a game that a player of a place opens at an instant.

        :raises LookupError: if none covers it; the one shipped with the platform covers everything
        """
        asked = (game.pk, game.vendor, game.category, brand_id, jurisdiction)
        for scope, policies in self._scopes:
            if any(part and part != wanted for part, wanted in zip(scope, asked, strict=True)):
                continue
            latest = next((each for each in policies if each.effective_at <= at), None)
            if latest is not None and latest.outcome != RoundPolicy.Outcome.GENERAL:
                return latest
        raise LookupError(f"no policy for interrupted rounds of {game.code}")

    def standing(self, found: Round, *, game: Game, jurisdiction: str) -> Standing:
        """Say what becomes of an open round: the policy counts that was published when it was opened."""
        policy = self.governing(game=game, brand_id=found.brand_id, jurisdiction=jurisdiction, at=found.opened_at)
        return Standing(
            policy,
            interrupted_at=found.last_activity_at + timedelta(minutes=policy.interrupted_after_minutes),
            due_at=found.last_activity_at + timedelta(hours=policy.resolve_after_hours),
        )

    @property
    def shortest_wait(self) -> timedelta:
        """No policy resolves a round sooner after its last activity."""
        return timedelta(hours=min(each.resolve_after_hours for _, policies in self._scopes for each in policies))


def read_book() -> PolicyBook:
    """Read the published policies."""
    return PolicyBook(RoundPolicy.objects.order_by())


def policy_of(found: Round) -> RoundPolicy:
    """Return the policy that governs one round."""
    jurisdiction = Player.objects.values_list("jurisdiction_id", flat=True).get(pk=found.player_id)
    game = Game.objects.get(pk=found.game_id)
    return read_book().standing(found, game=game, jurisdiction=jurisdiction).policy


def new_start(policy: RoundPolicy, category: str) -> str:
    """Say what a launch of the game does while a round of it is unfinished: `resume`, `refuse` or `free`."""
    if policy.new_start != _NewStart.BY_CATEGORY:
        return policy.new_start
    return _NewStart.FREE if category in _SELF_FINISHING else _NewStart.RESUME


def propose_policy(*, terms: Terms, maker: User, reason: str, now: datetime) -> ApprovalRequest:
    """
    Ask a colleague to publish a policy; it then counts for rounds opened from `effective_at`, or from then on.

    :raises PermissionDenied: if the maker may not propose policies
    :raises ApprovalUnknown: if he does not serve the brand
    :raises RoundPolicyNotSound: if the terms make no sense
    """
    payload = {
        "brand": terms.brand_id,
        "jurisdiction": terms.jurisdiction_id,
        "category": terms.category,
        "vendor": terms.vendor,
        "game": terms.game_id,
        "interrupted_after_minutes": terms.interrupted_after_minutes,
        "resolve_after_hours": terms.resolve_after_hours,
        "outcome": terms.outcome,
        "new_start": terms.new_start,
        "text": terms.text.strip(),
        "source": terms.source.strip(),
        "effective_at": terms.effective_at.isoformat(),
    }
    return request_approval(
        command=PUBLISH_COMMAND, payload=payload, maker=maker, reason=reason, now=now, brand_id=terms.brand_id
    )


def publish(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """Carry out an approved publication."""
    policy = _unsaved(payload)
    policy.effective_at = max(policy.effective_at, now)
    policy.published_at, policy.maker, policy.checker = now, maker, checker
    policy.save(force_insert=True)
    return {"policy": policy.pk, "effective_at": policy.effective_at.isoformat()}


def require_sound(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the registry's signature
    """
    Look at the terms, when asked for and when approved.

    :raises RoundPolicyNotSound: if they make no sense
    """
    minutes, hours = payload["interrupted_after_minutes"], payload["resolve_after_hours"]
    known: tuple[tuple[bool, str], ...] = (
        (payload["brand"] is None or Brand.objects.filter(pk=payload["brand"]).exists(), "There is no such brand."),
        (
            payload["jurisdiction"] is None or Jurisdiction.objects.filter(pk=payload["jurisdiction"]).exists(),
            "There is no such jurisdiction.",
        ),
        (payload["game"] is None or Game.objects.filter(pk=payload["game"]).exists(), "There is no such game."),
        (not payload["category"] or payload["category"] in Game.Category.values, "There is no such category."),
        (
            not payload["vendor"] or Game.objects.filter(vendor=payload["vendor"]).exists(),
            "There are no games of that vendor.",
        ),
        (payload["outcome"] in RoundPolicy.Outcome.values, "There is no such outcome."),
        (payload["new_start"] in _NewStart.values, "A launch does something else."),
        (1 <= minutes <= hours * 60, "It is interrupted before it is resolved, and after a minute at the soonest."),
        (hours <= LONGEST_HOURS, f"It is resolved within {LONGEST_HOURS} hours."),
        (0 < len(payload["text"]) <= LONGEST_TEXT, "Say in the player's words what happens."),
        (0 < len(payload["source"]) <= 300, "Say which rule or agreement it follows."),  # noqa: PLR2004 - the column
        (
            payload["outcome"] != RoundPolicy.Outcome.GENERAL or any(_scope(_unsaved(payload))),
            "The rule for everything has no more general one.",
        ),
    )
    if wrong := next((why for holds, why in known if not holds), ""):
        raise RoundPolicyNotSound(wrong)


def policy_words(policy: RoundPolicy) -> str:
    """Say in a sentence what a policy does, for staff."""
    return (
        f"{scope_words(policy)}: interrupted after {policy.interrupted_after_minutes} minutes without activity,"
        f" to be resumed for {policy.resolve_after_hours} hours, then: {policy.get_outcome_display().lower()}."
        f" New start: {policy.get_new_start_display().lower()}."
    )


def scope_words(policy: RoundPolicy) -> str:
    """Say in words which games at which places it is about."""
    games = [
        policy.game.title if policy.game else "",
        _CATEGORIES[policy.category] if policy.category else "",
        f"games of {policy.vendor}" if policy.vendor else "",
    ]
    places = [
        f"at {policy.brand.name}" if policy.brand else "",
        f"in {policy.jurisdiction.name}" if policy.jurisdiction else "",
    ]
    return " ".join([", ".join(filter(None, games)) or "All games", *filter(None, places)])


def describe(payload: Mapping[str, Any]) -> str:
    """What publishing would mean, for the colleague who is asked."""
    policy = _unsaved(payload)
    return f"{policy_words(policy)} For rounds opened from {policy.effective_at:%Y-%m-%d %H:%M} UTC. “{policy.text}”"


def _unsaved(payload: Mapping[str, Any]) -> RoundPolicy:
    return RoundPolicy(
        brand_id=payload["brand"],
        jurisdiction_id=payload["jurisdiction"],
        category=payload["category"],
        vendor=payload["vendor"],
        game_id=payload["game"],
        interrupted_after_minutes=payload["interrupted_after_minutes"],
        resolve_after_hours=payload["resolve_after_hours"],
        outcome=payload["outcome"],
        new_start=payload["new_start"],
        text=payload["text"],
        source=payload["source"],
        effective_at=datetime.fromisoformat(payload["effective_at"]),
    )


def _scope(policy: RoundPolicy) -> tuple[Any, ...]:
    return (policy.game_id, policy.vendor, policy.category, policy.brand_id, policy.jurisdiction_id)
