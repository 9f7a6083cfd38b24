"""`python -m services.record`."""

from services.record.app import build
from services.runtime import uncaught

uncaught.watch()
build().run()
