"""What one may ask the page of performance: a time and what to leave out, read from its address."""

from typing import Any

from django import forms
from django.http import HttpRequest

from apps.brands.models import Brand
from apps.core.admin_base import brand_scope
from apps.core.clock import now
from apps.integrations.models import Integration
from apps.providers.models import Game, Studio
from apps.reporting.day_field import day_field
from apps.reporting.performance import Asked
from apps.reporting.periods import OWN, PRESETS, span_of

_LONGEST_DAYS = 1100


class PerformanceForm(forms.Form):
    """The filters. Everything is optional; what is not known is refused, not guessed."""

    period = forms.ChoiceField(
        label="Period (UTC)",
        required=False,
        choices=[*((name, words) for name, (words, _) in PRESETS.items()), (OWN, "From … to …")],
    )
    since = day_field("From", required=False)
    until = day_field("To", required=False)
    brand = forms.ChoiceField(label="Brand", required=False)
    vendor = forms.ChoiceField(label="Vendor", required=False)
    studio = forms.ChoiceField(label="Studio", required=False)
    category = forms.ChoiceField(label="Category", required=False, choices=[("", "All"), *Game.Category.choices])
    currency = forms.ChoiceField(label="Currency", required=False)
    title = forms.CharField(label="Game", required=False, max_length=80)

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scope = brand_scope(request.user)
        brands = Brand.objects.prefetch_related("currencies")
        self.brands = list(brands if scope is None else brands.filter(pk__in=scope.ids))
        self.is_scoped = scope is not None
        vendors = Integration.objects.filter(kind=Integration.Kind.GAMES).order_by("vendor").values_list("vendor")
        currencies = sorted({each.code for brand in self.brands for each in brand.currencies.all()})
        self._offer("brand", [(str(each.pk), each.name) for each in self.brands])
        self._offer("vendor", [(vendor, vendor) for (vendor,) in vendors.distinct()])
        self._offer("studio", list(Studio.objects.values_list("code", "name")))
        self._offer("currency", [(code, code) for code in currencies])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = [("", "All"), *choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Own dates come in pairs, in order."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("period") == OWN:
            since, until = data.get("since"), data.get("until")
            if since is None or until is None or until < since or (until - since).days > _LONGEST_DAYS:
                raise forms.ValidationError("Name two days, the first one first, three years apart at most.")
        return data

    def asked(self) -> Asked:
        """What was asked for; the last seven days of everything where the form makes no sense."""
        data = self.cleaned_data if self.is_valid() else {}
        today = now().date()
        if data.get("period") == OWN:
            since, until = data["since"], data["until"]
        else:
            since, until = span_of(data.get("period", ""), today)
        brand = data.get("brand", "")
        ids = (int(brand),) if brand else tuple(each.pk for each in self.brands) if self.is_scoped else None
        names = ("vendor", "studio", "category", "currency", "title")
        return Asked(since, until, ids, **{name: data.get(name, "") for name in names})
