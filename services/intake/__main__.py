"""`python -m services.intake`."""

from services.intake.app import build

if __name__ == "__main__":
    build().run()
