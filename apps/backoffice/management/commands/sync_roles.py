"""`manage.py sync_roles`: make the staff roles what the code says they are."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.backoffice.roles import ROLES, sync_roles


class Command(BaseCommand):
    """Runs by itself after each migrate; by hand only after somebody edited a group."""

    help = "Make the groups of staff roles, and their permissions, what the code says"

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print what changed."""
        changes = sync_roles()
        self.stdout.write("\n".join(changes) or f"All {len(ROLES)} roles were right already.")
