"""Floorboards first, then one room per consumer service, then the roof (`services.cli`)."""
