"""`python -m services.dispatch.sms`."""

from services.dispatch.sms.app import build
from services.runtime import uncaught

uncaught.watch()
build().run()
