"""`python -m services.compose`."""

from services.compose.app import build
from services.runtime import uncaught

if __name__ == "__main__":
    uncaught.watch()
    build().run()
