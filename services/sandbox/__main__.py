"""`python -m services.sandbox`: the stand-ins for X and Twilio."""

from services.runtime import uncaught
from services.sandbox.app import main

if __name__ == "__main__":
    uncaught.watch()
    main()
