"""WSGI entry point, served by Granian."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from casino_platform.whole_bodies import WholeBodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino_platform.settings.development")

application = WholeBodies(get_wsgi_application(), limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
