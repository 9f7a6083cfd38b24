"""`python -m services.approve`."""

from services.approve.app import main
from services.runtime import uncaught

if __name__ == "__main__":
    uncaught.watch()
    main()
