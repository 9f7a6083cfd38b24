"""What every room stands on: settings, broker, parking, store, outbox, trust, doors, metrics, logging, clock."""
