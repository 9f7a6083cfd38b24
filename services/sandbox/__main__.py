"""`python -m services.sandbox`: the stand-ins for X and Twilio."""

from services.sandbox.app import main

if __name__ == "__main__":
    main()
