"""`python -m services.record`."""

from services.record.app import build

build().run()
