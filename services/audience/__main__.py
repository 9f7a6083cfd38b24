"""`python -m services.audience`."""

from services.audience.app import build
from services.runtime import uncaught

uncaught.watch()
build().run()
