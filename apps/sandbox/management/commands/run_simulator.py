"""`manage.py run_simulator`: the demo's players and vendors, playing until stopped."""

import json
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.sandbox.kyc.journal import tell_until as tell_of_people
from apps.sandbox.models import SimulatedRound
from apps.sandbox.psps.journal import tell_until
from apps.sandbox.traffic.driver import Driver
from apps.sandbox.traffic.payers import Payers
from apps.sandbox.vendors.speakers.registry import SPEAKERS

# So that the first look at a new demo shows something.
_WARM_UP_ROUNDS = 60


class Command(BaseCommand):
    """Plays rounds; rate and faults are set live at /sandbox/."""

    help = "Play games as the demo's players, with the faults real vendors have; set rate and faults at /sandbox/."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whom to play as, and for how long."""
        parser.add_argument("--demo-file", type=Path, required=True, help="The demo's document: addresses and log-ins")
        parser.add_argument("--rounds", type=int, help="Stop after so many rounds; without it, play until stopped")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Play until SIGTERM or SIGINT."""
        try:
            document = json.loads(options["demo_file"].read_text())
            brands = {entry["brand"] for entry in document["players"]}
        except (OSError, ValueError, KeyError) as error:
            raise CommandError(f"not a demo's document: {options['demo_file']}") from error
        if not brands or not SPEAKERS.keys() & document["integrations"].keys():
            raise CommandError("the demo has no players or no simulated vendor")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        driver = Driver(document["base_url"], document["players"], stop=stop)
        warm_up = 0 if SimulatedRound.objects.exists() else _WARM_UP_ROUNDS
        teller = threading.Thread(target=tell_until, args=(stop,), name="psps", daemon=True)
        teller.start()
        threading.Thread(target=tell_of_people, args=(stop,), name="kyc", daemon=True).start()
        payers = Payers(document["base_url"], document["players"], stop=stop)
        payer = threading.Thread(target=payers.run, name="payers", daemon=True)
        if options["rounds"] is None:
            payer.start()
        driver.run(rounds=options["rounds"], warm_up=warm_up)
        stop.set()
        teller.join(timeout=15)
        self.stdout.write(f"{driver.rounds_played} rounds played")
