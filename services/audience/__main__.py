"""`python -m services.audience`."""

from services.audience.app import build

build().run()
