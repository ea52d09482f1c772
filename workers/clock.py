"""The process that keeps the time: it sends what the timetable says and needs neither the tasks nor the tables."""

from __future__ import annotations

import os

from django.conf import settings
from django.utils.log import configure_logging

from workers.messaging import application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)

# Celery's fixup for Django would load every table and with them 100 MB of libraries.
app = application(fixups=())
