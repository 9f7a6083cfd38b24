"""`python -m services.approve`."""

from services.approve.app import main

if __name__ == "__main__":
    main()
