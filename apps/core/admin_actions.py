"""Buttons of the staff site: each needs a permission and a POST, and calls one operation. No business here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.core.errors import DomainError

_MIN_REASON = 5
_MAX_REASON = 300

Work = Callable[..., str]


class ActionForm(forms.Form):
    """What a button asks before it acts. `target` is the object it will act on, `user` who presses."""

    def __init__(self, *args: Any, target: Model | None = None, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.target = target
        self.user = user


def reason_field(longest: int, *, one_line: bool = False) -> forms.CharField:
    """Make the field that asks why, for operations that keep so many characters."""
    return forms.CharField(
        min_length=_MIN_REASON,
        max_length=longest,
        widget=UnfoldAdminTextInputWidget() if one_line else UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept in the history, readable by auditors.",
    )


class ReasonForm(ActionForm):
    """Most buttons ask why: the reason is kept with what they did."""

    reason = reason_field(_MAX_REASON)


@dataclass(frozen=True)
class StaffAction:
    """One button: what it is called, who may press it, what it asks."""

    name: str
    title: str
    permission: str
    """``"app_label.codename"``."""
    form: type[ActionForm]
    description: str
    danger: bool
    icon: str
    applies: Callable[[Any], bool]
    work: Work = field(repr=False)


class HasAction(Protocol):
    """A method made by :func:`staff_action`."""

    staff_action: StaffAction


def staff_action(
    *,
    title: str,
    permission: str,
    form: type[ActionForm] = ReasonForm,
    description: str = "",
    danger: bool = False,
    icon: str = "",
    applies: Callable[[Any], bool] = lambda _: True,
) -> Callable[[Work], Work]:
    """
    Make a method a button of its admin page.

    The method gets ``(request, obj, data)``, where `data` is the form's cleaned data, calls an operation and returns
    what to tell the person. It runs on POST only, after permission, brand scope and `applies` were checked.

    :param permission: ``"app_label.codename"``; there is no button without one
    :param applies: whether the object is in a state in which the button makes sense
    """
    if permission.count(".") != 1:
        raise ValueError(f"{permission!r} is not app_label.codename")

    def mark(work: Work) -> Work:
        action = StaffAction(
            name=work.__name__.replace("_", "-"),
            title=title,
            permission=permission,
            form=form,
            description=description,
            danger=danger,
            icon=icon,
            applies=applies,
            work=work,
        )
        cast("Any", work).staff_action = action
        return work

    return mark


class ActionPages:
    """The part of an admin page that shows its buttons and answers them; a mixin of ``StaffAdmin``."""

    staff_actions: tuple[str, ...] = ()

    def actions_of_page(self) -> list[StaffAction]:
        """Every button of this page, whoever looks."""
        return [getattr(self, name).staff_action for name in self.staff_actions]

    def offered_actions(self, request: HttpRequest, obj: Model) -> list[dict[str, Any]]:
        """The buttons this person may press on this object, with their empty forms."""
        return [
            {
                "action": action,
                "form": action.form(target=obj, user=request.user, auto_id=f"id_{action.name}_%s"),
                "url": self.action_url(obj, action),
            }
            for action in self.actions_of_page()
            if request.user.has_perm(action.permission) and action.applies(obj)
        ]

    def action_url(self, obj: Model, action: StaffAction) -> str:
        """Where the button posts to."""
        meta = obj._meta
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_{action.name}", args=[quote(obj.pk)])

    def action_view(self, action: StaffAction) -> Callable[..., HttpResponse]:
        """The view behind one button."""

        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            return self._press(action, request, object_id)

        return view

    def _press(self, action: StaffAction, request: HttpRequest, object_id: str) -> HttpResponse:
        page = cast("Any", self)
        if not (page.has_view_permission(request) and request.user.has_perm(action.permission)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        obj = page.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        back = HttpResponseRedirect(page.page_of(obj))
        if not action.applies(obj):
            messages.error(request, f"“{action.title}” no longer applies here: somebody may have been faster.")
            return back
        form = action.form(request.POST, target=obj, user=request.user)
        if not form.is_valid():
            return self._ask_again(action, request, obj, form)
        try:
            told = action.work(self, request, obj, form.cleaned_data)
        except DomainError as refusal:
            messages.error(request, refusal.detail or refusal.title)
            return back
        reason = form.cleaned_data.get("reason", "")
        page.log_change(request, obj, f"{action.title}{': ' if reason else ''}{reason}")
        messages.success(request, told)
        return back

    def _ask_again(self, action: StaffAction, request: HttpRequest, obj: Model, form: ActionForm) -> TemplateResponse:
        page = cast("Any", self)
        context = {
            **page.admin_site.each_context(request),
            "title": action.title,
            "subtitle": str(obj),
            "opts": obj._meta,
            "action": action,
            "form": form,
            "url": self.action_url(obj, action),
            "back_url": page.page_of(obj),
        }
        return TemplateResponse(request, "staff/action_page.html", context, status=400)


def staff_of(request: HttpRequest) -> User:
    """
    Return who presses, as operations want their actor.

    :raises PermissionDenied: if nobody is logged in
    """
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
