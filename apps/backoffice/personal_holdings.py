"""What apps beside and above compliance know about players: for exports, and for the day on which it is erased."""

from apps.backoffice.models import PersonalDataRead
from apps.compliance.holdings import Holding, Rows, register_holding
from apps.core.money import Money
from apps.payments.models import Deposit, Dispute, DisputeAnswer, EvidencePack, Instrument, Withdrawal
from apps.players.models import Player
from apps.providers.models import GameSession, Round


def register() -> None:
    """Register them; called once the models are loaded."""
    register_holding(
        Holding("instruments", "Accounts and cards you paid with", _instruments, _erase_instruments, blocks=_unpaid)
    )
    register_holding(Holding("deposits", "Deposits", _deposits, _erase_deposits, "Amounts and outcomes of payments"))
    register_holding(Holding("withdrawals", "Withdrawals", _withdrawals, _erase_withdrawals))
    register_holding(
        Holding("disputes", "Payments you contested", _disputes, _erase_disputes, "Amounts and outcomes of disputes")
    )
    register_holding(Holding("game_sessions", "Games you opened", _launches, _erase_launches))
    register_holding(Holding("rounds", "Rounds you played", _rounds, None, "Rounds and their results, under a number"))
    register_holding(Holding("looks_at_your_data", "When staff looked at your personal data", _looks))


def _instruments(player: Player) -> Rows:
    for each in player.instruments.select_related("method").order_by("pk").iterator():
        yield {
            "method": each.method.name,
            "shown_as": each.masked,
            "holder": each.holder,
            "verified_as_yours": each.is_verified,
            "since": each.changed_at,
            "last_used_at": each.last_used_at,
        }


def _erase_instruments(player: Player) -> int:
    """Each keeps its row, because payments point at it; a token of its own, because tokens are unique."""
    changed = 0
    for each in Instrument.objects.select_for_update(no_key=True).filter(player=player).order_by("pk"):
        each.token, each.masked, each.holder, each.is_blocked = f"erased-{each.public_id}", "", "", True
        each.save(update_fields=["token", "masked", "holder", "is_blocked"])
        changed += 1
    return changed


def _unpaid(player: Player) -> str:
    still_open = Withdrawal.objects.filter(player=player).exclude(state__in=Withdrawal.CLOSED).count()
    return f"{still_open} withdrawals on their way" if still_open else ""


def _deposits(player: Player) -> Rows:
    """Without routes and checks: they are ours."""
    for each in Deposit.objects.filter(player=player).select_related("method").order_by("pk").iterator():
        yield {
            "id": str(each.public_id),
            "method": each.method.name,
            "asked_for": Money(each.amount_units, each.currency).format(),
            "arrived": Money(each.settled_units, each.currency).format(),
            "taken_back": Money(each.reversed_units, each.currency).format(),
            "currency": each.currency,
            "state": each.state,
            "asked_at": each.created_at,
            "settled_at": each.settled_at,
            "from_address": each.remote_address,
        }


def _erase_deposits(player: Player) -> int:
    return Deposit.objects.filter(player=player).update(remote_address="", next_step=None)


def _withdrawals(player: Player) -> Rows:
    """Without holds, checks and reasons: they may tell of a suspicion."""
    for each in Withdrawal.objects.filter(player=player).select_related("method").order_by("pk").iterator():
        yield {
            "id": str(each.public_id),
            "method": each.method.name,
            "amount": each.money.format(),
            "paid": Money(each.paid_units, each.currency).format(),
            "currency": each.currency,
            "requested_at": each.requested_at,
            "closed_at": each.closed_at,
            "from_address": each.remote_address,
        }


def _erase_withdrawals(player: Player) -> int:
    return Withdrawal.objects.filter(player=player).exclude(remote_address="").update(remote_address="")


def _disputes(player: Player) -> Rows:
    for each in Dispute.objects.filter(deposit__player=player).select_related("deposit").order_by("pk").iterator():
        yield {
            "deposit": str(each.deposit.public_id),
            "status": each.status,
            "taken_back": Money(each.debited_units, each.deposit.currency).format(),
            "currency": each.deposit.currency,
            "opened_at": each.opened_at,
            "closed_at": each.closed_at,
        }


def _erase_disputes(player: Player) -> int:
    """The packs are about the person through and through; that there was one, and its hash, stays."""
    packs = EvidencePack.objects.filter(dispute__deposit__player=player)
    gone = packs.update(content=None, manifest={}, state=EvidencePack.State.FAILED, error="Erased with the person")
    return gone + DisputeAnswer.objects.filter(dispute__deposit__player=player).update(note="")


def _launches(player: Player) -> Rows:
    for each in GameSession.objects.filter(player=player).select_related("game").order_by("pk").iterator():
        yield {
            "game": each.game.title,
            "mode": each.mode,
            "opened_at": each.created_at,
            "ended_at": each.ended_at,
            "from_address": each.remote_address,
        }


def _erase_launches(player: Player) -> int:
    return GameSession.objects.filter(player=player, remote_address__isnull=False).update(remote_address=None)


def _rounds(player: Player) -> Rows:
    for each in Round.objects.filter(player_id=player.pk).order_by("pk").iterator():
        yield {
            "round": each.external_id,
            "opened_at": each.opened_at,
            "closed_at": each.closed_at,
            "staked": Money(each.staked, each.currency).format(),
            "won": Money(each.won, each.currency).format(),
            "rolled_back": Money(each.rolled_back, each.currency).format(),
            "currency": each.currency,
        }


def _looks(player: Player) -> Rows:
    """When, not who and why: a purpose may tell of a suspicion."""
    for at in PersonalDataRead.objects.filter(player=player).order_by("pk").values_list("read_at", flat=True):
        yield {"at": at}
