"""
Whether a player may go on: what has to be known of him before he deposits, plays or withdraws, by his law.

A gate reads, it changes nothing: three indexed queries, and none for policies. It is asked at a launch, a deposit or a
withdrawal, never inside a bet.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from apps.compliance.policies import PolicyAnswer, policy_for
from apps.core.money import Money
from apps.players.models import Player
from apps.verification.gate_policies import AGE_GATE, IDENTITY_GATE, LATE_KYC_FORBIDDEN
from apps.verification.models import DueDiligence, PlayerFact, ScreeningHit

Kind = PlayerFact.Kind


class Purpose(StrEnum):
    """What the player is about to do."""

    ACCOUNT = "account"
    DEPOSIT = "deposit"
    PLAY = "play"
    BONUS = "bonus"
    WITHDRAWAL = "withdrawal"


_ORDER = {Purpose.ACCOUNT: 0, Purpose.DEPOSIT: 1, Purpose.PLAY: 2, Purpose.BONUS: 2, Purpose.WITHDRAWAL: 3}
# The last thing a player may do without; what comes after needs the fact.
_AGE_FROM = {"before_account": 0, "before_deposit": 1, "before_play": 2, "grace": 3}
_IDENTITY_FROM = {"before_account": 0, "before_play": 2}
CDD_FACTS = (Kind.IDENTITY, Kind.SANCTIONS, Kind.PEP)
"""What due diligence at the threshold is made of; more is asked for on a risk basis."""

VERIFY_FIRST, FUNDS_LOCKED, BEING_REVIEWED = "verify-identity", "funds-locked", "being-reviewed"


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """Whether he may go on, and what says so."""

    passed: bool
    missing: tuple[str, ...] = ()
    """Kinds of facts that are asked for before this."""
    player_reason: str = ""
    """What the player may be told; never tips off."""
    staff_reason: str = ""
    policy_version_id: int | None = None
    """The published policy that decided; the first of `policies`."""
    policies: tuple[tuple[str, int | None], ...] = ()
    """Every policy that was asked, with its version."""
    owed: tuple[str, ...] = ()
    """What ought to have been asked earlier, and may no longer stand in the way of this."""


def gate(*, player: Player, purpose: str, now: datetime, money: Money | None = None) -> GateAnswer:  # noqa: ARG001
    """
    Say whether a player may do something now.

    :param purpose: a Purpose
    :param money: how much; part of the agreed signature, no rule of today's depends on it
    """
    wanted = Purpose(purpose)
    answers = _Answers(player, now)
    hits = list(
        ScreeningHit.objects.filter(
            player_id=player.pk, is_sanction=True, state__in=(ScreeningHit.State.OPEN, ScreeningHit.State.CONFIRMED)
        ).values_list("state", flat=True)
    )
    if ScreeningHit.State.CONFIRMED in hits or (hits and wanted in (Purpose.DEPOSIT, Purpose.WITHDRAWAL)):
        return answers.refusal(BEING_REVIEWED, "a sanctions hit is confirmed or not reviewed")
    diligence = DueDiligence.objects.filter(player_id=player.pk, state__in=DueDiligence.LOCKING).first()
    proven: frozenset[str] = frozenset(
        PlayerFact.objects.proven(now)
        .filter(player_id=player.pk, subject="", level__gte=PlayerFact.Level.BASIC)
        .values_list("kind", flat=True)
    )
    if diligence is not None and diligence.locks_funds and wanted == Purpose.WITHDRAWAL:
        missing = tuple(str(kind) for kind in CDD_FACTS if kind not in proven)
        version = diligence.policy_version_id
        return answers.refusal(FUNDS_LOCKED, "locked for due diligence", missing=missing, version_id=version)
    needed = answers.needed(wanted, diligence)
    missing = tuple(kind for kind in needed if kind not in proven)
    if not missing:
        return answers.passed()
    if wanted == Purpose.WITHDRAWAL and answers.forbids_late_questions():
        return answers.passed(owed=missing)
    return answers.refusal(VERIFY_FIRST, f"not proven: {', '.join(missing)}", missing=missing)


class _Answers:
    """The policies asked for one answer."""

    def __init__(self, player: Player, now: datetime) -> None:
        self._player, self._now = player, now
        self._asked: list[PolicyAnswer] = []
        self._deciding: int | None = None

    def needed(self, purpose: Purpose, diligence: DueDiligence | None) -> tuple[str, ...]:
        """Kinds of facts that the law wants before this."""
        age, identity = self._ask(AGE_GATE), self._ask(IDENTITY_GATE)
        needed = []
        if age.value is not None and _ORDER[purpose] >= _AGE_FROM.get(str(age.value), 0):
            needed.append(Kind.AGE)
        if identity.value is not None and self._wants_identity(str(identity.value), purpose, diligence):
            needed.append(Kind.IDENTITY)
        self._deciding = (identity if Kind.IDENTITY in needed or Kind.AGE not in needed else age).version_id
        return tuple(map(str, needed))

    def forbids_late_questions(self) -> bool:
        """Whether a withdrawal may not be what first asks for something."""
        answer = self._ask(LATE_KYC_FORBIDDEN)
        if answer.value is True:
            self._deciding = answer.version_id
        return answer.value is True

    def passed(self, owed: tuple[str, ...] = ()) -> GateAnswer:
        """He may."""
        return GateAnswer(True, policy_version_id=self._deciding, policies=self._versions(), owed=owed)

    def refusal(
        self, player_reason: str, staff_reason: str, *, missing: tuple[str, ...] = (), version_id: int | None = None
    ) -> GateAnswer:
        """He may not."""
        return GateAnswer(
            False,
            tuple(map(str, missing)),
            player_reason,
            staff_reason,
            version_id or self._deciding,
            self._versions(),
        )

    def _wants_identity(self, value: str, purpose: Purpose, diligence: DueDiligence | None) -> bool:
        if value == "at_cdd_threshold":
            # At the threshold, and before money is paid out at the latest. Where funds are locked, play goes on.
            at_threshold = diligence is not None and (not diligence.locks_funds or purpose == Purpose.WITHDRAWAL)
            return at_threshold and _ORDER[purpose] >= _ORDER[Purpose.PLAY]
        return _ORDER[purpose] >= _IDENTITY_FROM.get(value, 0)

    def _ask(self, parameter: str) -> PolicyAnswer:
        answer = policy_for(parameter, player=self._player, now=self._now)
        self._asked.append(answer)
        return answer

    def _versions(self) -> tuple[tuple[str, int | None], ...]:
        return tuple((each.parameter, each.version_id) for each in self._asked)
