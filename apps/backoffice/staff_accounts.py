"""Pages of staff accounts, roles and brand scopes. Roles are asked for here; what a role may do is in `roles.py`."""

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from apps.backoffice.roles import ROLES
from apps.backoffice.staff_roles import ASK_PERMISSION, ask_for_roles
from apps.backoffice.staff_sessions import end_log_ins
from apps.core.admin_actions import ReasonForm, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.clock import now


class RolesForm(ReasonForm):
    """Asks which roles somebody is to have, all of them."""

    roles = forms.MultipleChoiceField(
        required=False,
        choices=[(role.name, f"{role.name}: {role.summary}") for role in ROLES],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )
    field_order = ("roles", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, User):
            self.initial["roles"] = [group.name for group in self.target.groups.all()]


class StaffAccountAdmin(StaffAdmin, StockUserAdmin):  # type: ignore[misc, type-arg] # Unfold's bases disagree
    """Who works here. Nobody raises their own rights, and superusers are made at the command line only."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    staff_actions = ("propose_roles", "reset_second_factor", "end_sessions")
    list_display = ("username", "email", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "email", "first_name", "last_name")
    ordering = ("username",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email", "is_active", "is_staff")}),
        ("Roles", {"fields": ("roles_shown",)}),
        ("Facts", {"fields": ("is_superuser", "last_login", "date_joined")}),
    )
    add_fieldsets = (  # type: ignore[assignment] # Unfold says: empty
        (None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2")}),
    )
    readonly_fields = ("roles_shown", "is_superuser", "last_login", "date_joined")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The admin role makes accounts."""
        return request.user.has_perm("auth.add_user")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Not one's own account, and not a superuser's unless one is one."""
        user = request.user
        if not user.has_perm("auth.change_user"):
            return False
        if user.is_superuser or not isinstance(obj, User):
            return True
        return obj.pk != user.pk and not obj.is_superuser

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        """Unfold and Django both have their own idea of the form for a new account; Django's is right."""
        return StockUserAdmin.get_form(self, request, obj, change=change, **kwargs)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Apply the same rule to the page that sets somebody's password."""
        obj = self.get_object(request, id)
        if obj is not None and not self.has_change_permission(request, obj):
            raise PermissionDenied
        return StockUserAdmin.user_change_password(self, request, id, form_url)

    @admin.display(description="roles")
    def roles_shown(self, user: User) -> str:
        """What they are; they change by the button, with a second person."""
        return ", ".join(sorted(group.name for group in user.groups.all())) or "none yet: propose some above"

    @staff_action(
        title="Propose roles",
        permission=ASK_PERMISSION,
        form=RolesForm,
        description="A colleague agrees. Neither of you can be the one who gets them.",
        icon="group_add",
        applies=lambda user: not user.is_superuser,
    )
    def propose_roles(self, request: HttpRequest, obj: User, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        asked = ask_for_roles(
            user_id=obj.pk, roles=data["roles"], maker=staff_of(request), reason=data["reason"], now=now()
        )
        return f"Request {asked.pk} waits for a second person: {asked.summary}"

    @staff_action(
        title="Reset second factor",
        permission="auth.change_user",
        description="The person enrols a new device at the next log-in. Make sure it is them who asks.",
        danger=True,
        icon="lock_reset",
    )
    def reset_second_factor(self, request: HttpRequest, obj: User, data: dict[str, Any]) -> str:
        """Forget somebody's device."""
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        forgotten, _ = Authenticator.objects.filter(user=obj).delete()
        return f"{obj.username} has to enrol a new device." if forgotten else f"{obj.username} had no second factor."

    @staff_action(
        title="End log-ins",
        permission="auth.change_user",
        description="Logs the person out everywhere, at once; logging in again stays possible.",
        danger=True,
        icon="logout",
    )
    def end_sessions(self, request: HttpRequest, obj: User, data: dict[str, Any]) -> str:
        """Log a colleague out."""
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        return f"{end_log_ins(obj, now=timezone.now())} log-ins of {obj.username} ended."


class RoleAdmin(StaffAdmin):
    """What each role may do, to read."""

    list_display = ("name", "summary")
    search_fields = ("name",)
    fields = ("name", "summary", "may")
    readonly_fields = ("summary", "may")

    @admin.display(description="in short")
    def summary(self, group: Group) -> str:
        """What the role is there for."""
        return next((role.summary for role in ROLES if role.name == group.name), "Made by hand, not a role of the code")

    @admin.display(description="may")
    def may(self, group: Group) -> str:
        """List the role's permissions."""
        return ", ".join(sorted(permission.name for permission in group.permissions.all()))


class StaffScopeAdmin(StaffAdmin):
    """Which brands somebody works for."""

    list_display = ("user", "brand")
    list_filter = ("brand",)
    search_fields = ("user__username",)
    list_select_related = ("user", "brand")
    empty_hint = "Without a row here, staff who are no superusers see no players, money or calls of any brand."

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The admin role decides."""
        return request.user.has_perm("brands.add_staffscope")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """The admin role decides."""
        return request.user.has_perm("brands.delete_staffscope")
