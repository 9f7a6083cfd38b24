"""`python -m services.receipts`."""

from services.receipts.app import build
from services.runtime import uncaught

uncaught.watch()
build().run()
