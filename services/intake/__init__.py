"""Intake: consumes `alerts.incoming`, produces `alerts.accepted` and `alerts.refused`.

Also produces `alarms`, and in the live realm `drill.alerts.incoming`, the only crossing between the realms.
Side effect: none outside its own store, where the original bytes of every message lie by their hash.
"""
