"""`python -m services.dispatch.x`."""

from services.dispatch.x.app import build
from services.runtime import uncaught

uncaught.watch()
build().run()
