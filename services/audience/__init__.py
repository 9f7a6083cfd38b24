"""Who is to get it. Consumes alerts.accepted, broadcasts.composed, .released and .stopped, replies, trust.

Produces audiences.estimated, batches.sms.urgent and .routine, alarms. Side effect: STOP and START in the phonebook.
"""
