"""Policies: what a jurisdiction's rules say, from which day on, on whose authority. Resolving them is not here."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from apps.brands.models import Brand, Jurisdiction


class Confidence(models.TextChoices):
    """How well a value is known."""

    A = "A", "From the text of the regulator, legislator or standards body"
    B = "B", "From a secondary source: law firm, trade press, vendor"
    C = "C", "General knowledge, not traced to a text"


class PolicyParameter(models.Model):
    """One question that regulation answers, e.g. `min_age`. The answers are `PolicyVersion` rows."""

    code = models.SlugField(primary_key=True, max_length=60)
    value_type = models.CharField(max_length=8)
    unit = models.CharField(max_length=16, blank=True)
    choices = ArrayField(
        models.CharField(max_length=40), default=list, help_text="Of an enumeration, as the file lists"
    )
    meaning = models.CharField(max_length=300)
    enforce_at = ArrayField(models.CharField(max_length=24), default=list, help_text="Operations that must ask for it")
    position = models.PositiveSmallIntegerField(default=0, help_text="Where it stands on the page")

    class Meta:
        """As the file orders them."""

        ordering = ("position", "code")
        constraints = (
            models.CheckConstraint(
                condition=Q(value_type__in=("int", "number", "bool", "enum", "list", "object", "str")),
                name="compliance_policyparameter_type",
            ),
        )

    def __str__(self) -> str:
        return self.code


class PolicySource(models.Model):
    """A document that values are taken from."""

    class Kind(models.TextChoices):
        """Whose word it is."""

        REGULATOR = "regulator", "Regulator"
        STATUTE = "statute", "Statute"
        STANDARD = "standard", "Standard"
        SECONDARY = "secondary", "Secondary source"
        PUBLIC_CODE = "public_code", "Public code"
        GENERAL = "general_knowledge", "General knowledge"

    code = models.CharField(primary_key=True, max_length=40)
    title = models.CharField(max_length=300)
    publisher = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20, choices=Kind)
    url = models.URLField(max_length=500, blank=True)
    also = ArrayField(models.URLField(max_length=500), default=list)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        """By key."""

        ordering = ("code",)

    def __str__(self) -> str:
        return self.title


class PolicyVersion(models.Model):
    """
    One value of one parameter in one jurisdiction, for some days. Its terms never change: a trigger refuses it.

    What is wrong is withdrawn, or superseded by another version. Transitions set fields and nothing else; who may make
    them is checked in the operations (`policies.py` says which version answers on a day).
    """

    class State(models.TextChoices):
        """Only what is published is in force."""

        DRAFT = "draft", "Draft"
        PROPOSED = "proposed", "Waits for a second person"
        PUBLISHED = "published", "Published"
        SUPERSEDED = "superseded", "Superseded"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class LegalStatus(models.TextChoices):
        """Where the rule itself stands."""

        IN_FORCE = "in_force", "In force"
        PROPOSED = "proposed", "Proposed by the regulator"
        APPROVED = "approved_not_in_force", "Approved, not in force yet"

    class Origin(models.TextChoices):
        """Where the row comes from."""

        MATRIX = "matrix", "The matrix shipped with the platform"
        STAFF = "staff", "Staff"

    jurisdiction = models.ForeignKey(Jurisdiction, on_delete=models.PROTECT, related_name="policies")
    parameter = models.ForeignKey(PolicyParameter, on_delete=models.PROTECT, related_name="versions")
    brand = models.ForeignKey(
        Brand, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="A brand's stricter rule"
    )
    value = models.JSONField(null=True, help_text="Null: not established")
    valid_from = models.DateField(null=True, blank=True, help_text="First day, local to the jurisdiction")
    valid_to = models.DateField(null=True, blank=True, help_text="Last day, local to the jurisdiction")
    legal_status = models.CharField(max_length=24, choices=LegalStatus, default=LegalStatus.IN_FORCE)
    confidence = models.CharField(max_length=1, choices=Confidence)
    sources = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    note = models.TextField(blank=True, max_length=1000)
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.STAFF)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    digest = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the terms")
    state = FSMField(default=State.DRAFT, choices=State.choices, protected=True, max_length=10)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Empty: the file"
    )
    checker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    proposed_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="When it was superseded or withdrawn")
    ended_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        """The rules hold in the database, whoever writes."""

        ordering = ("jurisdiction_id", "parameter__position", "-id")
        indexes = (
            models.Index(fields=["jurisdiction", "parameter", "-id"], name="compliance_policy_history"),
            models.Index(fields=["jurisdiction"], condition=Q(state="published"), name="compliance_policy_in_force"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("draft", "proposed", "published", "superseded", "withdrawn")),
                name="compliance_policy_state",
            ),
            models.CheckConstraint(
                condition=Q(maker__isnull=True) | Q(checker__isnull=True) | ~Q(maker=F("checker")),
                name="compliance_policy_second_person",
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True)
                | Q(maker__isnull=False, checker__isnull=False)
                | Q(origin="matrix", legal_status="in_force", confidence__in=("A", "B")),
                name="compliance_policy_two_people",
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True) | Q(value__isnull=False), name="compliance_policy_has_value"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("draft", "proposed"), published_at__isnull=True, ended_at__isnull=True)
                | Q(state="published", published_at__isnull=False, ended_at__isnull=True)
                | Q(state="superseded", published_at__isnull=False, ended_at__isnull=False)
                | Q(state="withdrawn", ended_at__isnull=False),
                name="compliance_policy_times",
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="compliance_policy_days",
            ),
            models.CheckConstraint(condition=Q(confidence__in=("A", "B", "C")), name="compliance_policy_confidence"),
            models.CheckConstraint(
                condition=Q(legal_status__in=("in_force", "proposed", "approved_not_in_force")),
                name="compliance_policy_legal_status",
            ),
            models.CheckConstraint(condition=Q(origin__in=("matrix", "staff")), name="compliance_policy_origin"),
        )
        permissions = (
            ("propose_policy", "Can draft policies and propose to publish or withdraw them"),
            ("publish_policy", "Can publish and withdraw policies that a colleague proposed"),
        )

    def __str__(self) -> str:
        return f"{self.parameter_id} of {self.jurisdiction_id}"

    @transition(field=state, source=State.DRAFT, target=State.PROPOSED)
    def propose(self, *, maker: User, at: datetime) -> None:
        """A second person is asked to publish it. Who proposes a draft of the file makes it his own."""
        self.maker, self.proposed_at = maker, at

    @transition(field=state, source=State.PROPOSED, target=State.DRAFT)
    def send_back(self) -> None:
        """Nobody agreed."""
        self.proposed_at = None

    @transition(field=state, source=State.PROPOSED, target=State.PUBLISHED)
    def publish(self, *, checker: User, at: datetime) -> None:
        """It is in force on its days from now on."""
        self.checker, self.published_at = checker, at

    @transition(field=state, source=State.PUBLISHED, target=State.SUPERSEDED)
    def supersede(self, *, at: datetime, reason: str) -> None:
        """Another version says what it said, for all its days."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=state, source=[State.DRAFT, State.PROPOSED, State.PUBLISHED], target=State.WITHDRAWN)
    def withdraw(self, *, at: datetime, reason: str) -> None:
        """It is in force no more, on no day."""
        self.ended_at, self.ended_reason = at, reason
