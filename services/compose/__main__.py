"""`python -m services.compose`."""

from services.compose.app import build

if __name__ == "__main__":
    build().run()
