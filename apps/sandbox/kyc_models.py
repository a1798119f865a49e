"""Simulated identity vendors as the database keeps them; `models` brings them in."""

from django.db import models


class SimulatedKycVendor(models.Model):
    """A simulated identity vendor: where it finds the platform, the secrets of both sides, and what goes wrong."""

    class Telling(models.TextChoices):
        """How its webhooks arrive."""

        ONCE = "once", "Once, in order"
        TWICE = "twice", "Each of them twice"
        REVERSED = "reversed", "The last one first"
        TAMPERED = "tampered", "A forged one first, then the true ones"
        NEVER = "never", "Not at all"

    slug = models.SlugField(primary_key=True, max_length=40, help_text="Also the name of its protocol")
    platform_url = models.URLField(max_length=300, help_text="The platform's address for its webhooks")
    secrets = models.JSONField(default=dict, help_text="In clear, as they open nothing real")
    telling = models.CharField(max_length=12, choices=Telling, default=Telling.ONCE)
    is_reachable = models.BooleanField(default=True, help_text="Off: its API answers 503")

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.slug


class SimulatedApplicant(models.Model):
    """A person at a simulated identity vendor, as the platform described him."""

    vendor = models.ForeignKey(SimulatedKycVendor, on_delete=models.CASCADE, related_name="applicants")
    applicant_id = models.CharField(max_length=64, unique=True)
    reference = models.CharField(max_length=120, blank=True)
    person = models.JSONField(default=dict)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.applicant_id


class SimulatedKycSession(models.Model):
    """One attempt of an applicant, and what was chosen for it."""

    class Outcome(models.TextChoices):
        """What the vendor finds."""

        OPEN = "", "Not finished"
        APPROVED = "approved", "Approved"
        RETRY = "retry", "Show another document"
        REJECTED = "rejected", "Rejected for good"
        REVIEW = "review", "A person at the vendor looks"
        ABANDONED = "abandoned", "Abandoned"

    applicant = models.ForeignKey(SimulatedApplicant, on_delete=models.CASCADE, related_name="sessions")
    session_id = models.CharField(max_length=64, unique=True)
    reference = models.CharField(max_length=120, blank=True)
    level = models.CharField(max_length=120, blank=True)
    return_url = models.URLField(max_length=500, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome, default=Outcome.OPEN, blank=True)
    shown = models.JSONField(default=dict, help_text="What the document says, where it is not what the platform said")
    decided_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.session_id}: {self.outcome or 'open'}"


class SimulatedKycWebhook(models.Model):
    """A webhook of a simulated identity vendor: written when it happens, sent until it is acknowledged."""

    session = models.ForeignKey(SimulatedKycSession, on_delete=models.CASCADE, related_name="webhooks")
    word = models.CharField(max_length=40)
    body = models.TextField()
    due_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    answer = models.CharField(max_length=300, blank=True, help_text="What the platform answered last")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.word} {self.session_id}"
