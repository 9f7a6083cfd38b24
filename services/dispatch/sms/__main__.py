"""`python -m services.dispatch.sms`."""

from services.dispatch.sms.app import build

build().run()
