"""`python -m services.dispatch.x`."""

from services.dispatch.x.app import build

build().run()
