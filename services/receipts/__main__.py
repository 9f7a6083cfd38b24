"""`python -m services.receipts`."""

from services.receipts.app import build

build().run()
