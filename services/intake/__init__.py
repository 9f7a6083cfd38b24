"""Intake: consumes `alerts.incoming` and `trust`, produces `alerts.accepted` and `alerts.refused`.

Also produces `alarms` and `bytes.read`, and in live `drill.alerts.incoming`, the only crossing between the realms.
Side effect: none outside its own store, where the original bytes of every message lie by their hash.
"""
