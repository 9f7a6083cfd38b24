"""`python -m services.agency`."""

from services.agency.app import build
from services.runtime import uncaught

uncaught.watch()
build().run()
