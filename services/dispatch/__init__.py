"""The delivery pipeline that every channel's process runs: verify, plan, pump, recover, follow through.

Consumes: broadcasts.released, broadcasts.stopped, trust; where the channel writes to subscribers also
batches.<channel>.*, receipts and replies. Produces: deliveries, alarms. Side effect: one platform call an attempt.
"""
