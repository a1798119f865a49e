"""Puts stored credentials under the current master key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core import clock
from apps.integrations.credentials import reencrypt_credentials
from apps.integrations.encryption import UnableToDecrypt, current_master_kid


class Command(BaseCommand):
    """See `docs/integrations/keys-and-rotation.md`."""

    help = "Encrypt all stored credentials with the first master key of CREDENTIALS_KEYS."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Do it and say how many were changed; running it again changes none."""
        try:
            done = reencrypt_credentials(now=clock.now())
        except UnableToDecrypt as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done} credentials are now under master key {current_master_kid()}")
