"""What a decision on a case can do to a player: a registry. Upper apps register theirs; those on `players` are here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from django import forms
from django.contrib.auth.models import User

from apps.compliance.models import Case
from apps.core.errors import DomainError
from apps.players.models import Player
from apps.players.operations import change_status, lock_player


class UnknownEffect(DomainError):
    """No app has registered this."""

    code: ClassVar[str] = "case-effect-unknown"
    title: ClassVar[str] = "The platform can not do that"
    status: ClassVar[int] = 422


class UnsoundEffect(DomainError):
    """What was asked for makes no sense; `detail` says why."""

    code: ClassVar[str] = "case-effect-unsound"
    title: ClassVar[str] = "That can not be done like this"
    status: ClassVar[int] = 422


class Apply(Protocol):
    """
    Carries an effect out, in the transaction of the decision, and returns what it did as JSON.

    It locks what it changes, checks nothing about people (that has been done), and raises a `DomainError` if it can not
    be carried out: then nothing of the decision happens.
    """

    def __call__(  # noqa: D102 - see the class
        self, *, case: Case, params: Mapping[str, Any], reason_code: str, note: str, actor: User, now: datetime
    ) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class EffectField:
    """One thing that the effect has to know. `kind`: text, choice, choices, number, date or money."""

    name: str
    label: str
    kind: str = "text"
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = True
    help_text: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something the platform can do for a case."""

    name: str
    title: str
    permission: str
    apply: Apply
    fields: tuple[EffectField, ...]
    needs_second_person: bool
    holds: Callable[[Mapping[str, Any]], Sequence[str]]
    releases: Callable[[Mapping[str, Any]], Sequence[str]]
    reverses: tuple[str, ...]
    danger: bool
    description: str


_EFFECTS: dict[str, Effect] = {}


def _nothing(_: Mapping[str, Any]) -> Sequence[str]:
    return ()


def register_effect(
    name: str,
    *,
    title: str,
    permission: str,
    apply: Apply,
    fields: Sequence[EffectField] = (),
    needs_second_person: bool = False,
    holds: Callable[[Mapping[str, Any]], Sequence[str]] = _nothing,
    releases: Callable[[Mapping[str, Any]], Sequence[str]] = _nothing,
    reverses: Sequence[str] = (),
    danger: bool = False,
    description: str = "",
) -> None:
    """
    Let decisions on cases do this. Called in ``AppConfig.ready`` of the app that can; blueprints say where it may be.

    :param name: stored with each decision, so it is never renamed
    :param permission: ``"app_label.codename"``, asked for beside that of deciding on cases
    :param fields: what has to be known, asked for in the decision panel and validated here
    :param needs_second_person: always, whatever the blueprint says
    :param holds: kinds of money (or account) that it holds, from its params: the case explains them until released
    :param releases: kinds that it lets go
    :param reverses: effects whose decision it takes back
    """
    if permission.count(".") != 1:
        raise ValueError(f"{permission!r} is not app_label.codename")
    _EFFECTS[name] = Effect(
        name, title, permission, apply, tuple(fields), needs_second_person, holds, releases, tuple(reverses), danger,
        description,
    )  # fmt: skip


def effect_named(name: str) -> Effect:
    """
    Return one effect.

    :raises UnknownEffect: if no app registered it
    """
    try:
        return _EFFECTS[name]
    except KeyError:
        raise UnknownEffect(f"Nothing called “{name}” is registered.") from None


def offered_effects(case: Case, user: Any) -> list[Effect]:
    """What this person may decide on this case: in its blueprint's order, registered, and permitted."""
    known = [_EFFECTS[name] for name in case.blueprint.effects if name in _EFFECTS]
    return [effect for effect in known if user.has_perm(effect.permission)]


def clean_params(effect: Effect, given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Check what was asked for and return it as JSON can hold it.

    :raises UnsoundEffect: naming the field
    """
    form = form_of(effect)(dict(given))
    if not form.is_valid():
        problems = "; ".join(
            f"{form.fields[name].label}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()
        )
        raise UnsoundEffect(problems)
    return {
        name: value if isinstance(value, int | list) else str(value)
        for name, value in form.cleaned_data.items()
        if value not in (None, "", [])
    }


def form_of(effect: Effect) -> type[forms.Form]:
    """The form that asks for an effect's params."""
    return type("EffectForm", (forms.Form,), {each.name: _form_field(each) for each in effect.fields})


def _form_field(field: EffectField) -> forms.Field:
    terms: dict[str, Any] = {"label": field.label, "required": field.required, "help_text": field.help_text}
    match field.kind:
        case "choice":
            # Nothing is chosen beforehand: whoever leaves an optional one empty means it, as a single stake's period.
            return forms.ChoiceField(choices=[("", "choose …" if field.required else "none"), *field.choices], **terms)
        case "choices":
            return forms.MultipleChoiceField(choices=field.choices, widget=forms.CheckboxSelectMultiple, **terms)
        case "number":
            return forms.IntegerField(min_value=0, **terms)
        case "money":
            return forms.DecimalField(min_value=0, max_digits=20, decimal_places=8, **terms)
        case "date":
            return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **terms)
        case _:
            return forms.CharField(max_length=500, **terms)


# --- on players -----------------------------------------------------------------------------------

_CHANGE_STATUS = "players.change_status"
WITHDRAWAL_HOLD = "withdrawal-restriction"
ACCOUNT_HOLD = "suspension"


def _to(to: str, *, case: Case, restrictions: Sequence[str] = (), reason_code: str, note: str, actor: User,
        now: datetime) -> Mapping[str, Any]:  # fmt: skip
    change = change_status(
        player_id=case.player_id,
        to=to,
        restrictions=restrictions,
        reason_code=reason_code,
        note=f"{case.reference}: {note}",
        actor=actor,
        now=now,
    )
    if change is None:
        raise UnsoundEffect(f"The player is {to} like that already.")
    return {
        "from": change.from_status, "to": change.to_status, "restrictions": change.restrictions,
        "status_change": change.pk,
    }  # fmt: skip


def _restrict(
    *, case: Case, params: Mapping[str, Any], reason_code: str, note: str, actor: User, now: datetime
) -> Mapping[str, Any]:
    """Add restrictions; those of others stay."""
    player = lock_player(case.player_id)
    named = sorted({*player.restrictions, *params["restrictions"]})
    terms: dict[str, Any] = {"case": case, "reason_code": reason_code, "note": note, "actor": actor, "now": now}
    return {**_to(Player.Status.RESTRICTED, restrictions=named, **terms), "before": player.restrictions}


def _unlock(
    *,
    case: Case,
    params: Mapping[str, Any],  # noqa: ARG001 - it needs none
    reason_code: str,
    note: str,
    actor: User,
    now: datetime,
) -> Mapping[str, Any]:
    """Take every restriction and suspension off."""
    before = lock_player(case.player_id).restrictions
    terms: dict[str, Any] = {"case": case, "reason_code": reason_code, "note": note, "actor": actor, "now": now}
    return {**_to(Player.Status.ACTIVE, **terms), "before": before}


def _suspend(
    *,
    case: Case,
    params: Mapping[str, Any],  # noqa: ARG001 - it needs none
    reason_code: str,
    note: str,
    actor: User,
    now: datetime,
) -> Mapping[str, Any]:
    return _to(Player.Status.SUSPENDED, case=case, reason_code=reason_code, note=note, actor=actor, now=now)


def _close_account(
    *,
    case: Case,
    params: Mapping[str, Any],  # noqa: ARG001 - it needs none
    reason_code: str,
    note: str,
    actor: User,
    now: datetime,
) -> Mapping[str, Any]:
    return _to(Player.Status.CLOSED, case=case, reason_code=reason_code, note=note, actor=actor, now=now)


def _holds_withdrawals(params: Mapping[str, Any]) -> Sequence[str]:
    return (WITHDRAWAL_HOLD,) if Player.Restriction.WITHDRAWAL in params["restrictions"] else ()


def register_own() -> None:
    """Register what this app can do by itself."""
    register_effect(
        "restrict", title="Restrict the account", permission=_CHANGE_STATUS, apply=_restrict,
        fields=[EffectField("restrictions", "The player", "choices", tuple(Player.Restriction.choices))],
        holds=_holds_withdrawals, releases=lambda _: (ACCOUNT_HOLD,), danger=True,
        description="Works with the next bet, deposit or log-in. Wins still settle.",
    )  # fmt: skip
    register_effect(
        "suspend", title="Suspend the account", permission=_CHANGE_STATUS, apply=_suspend,
        holds=lambda _: (ACCOUNT_HOLD,), releases=lambda _: (WITHDRAWAL_HOLD,), danger=True,
        description="Ends every session; nothing can be done with the account until it is unlocked. Wins still settle.",
    )  # fmt: skip
    register_effect(
        "unlock", title="Unlock the account", permission=_CHANGE_STATUS, apply=_unlock,
        releases=lambda _: (WITHDRAWAL_HOLD, ACCOUNT_HOLD), reverses=("restrict", "suspend"),
        description="Takes every restriction and suspension off.",
    )  # fmt: skip
    register_effect(
        "close_account", title="Close the account", permission=_CHANGE_STATUS, apply=_close_account,
        releases=lambda _: (WITHDRAWAL_HOLD, ACCOUNT_HOLD), danger=True,
        description="Ends every session and the relationship. What is left of the balance is paid out by payments.",
    )  # fmt: skip
