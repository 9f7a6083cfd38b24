"""`python -m services.agency`."""

from services.agency.app import build

build().run()
