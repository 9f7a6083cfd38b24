"""`python -m services.intake`."""

from services.intake.app import build
from services.runtime import uncaught

if __name__ == "__main__":
    uncaught.watch()
    build().run()
