"""Follows every topic into one projection: where an alert is now, what became of each message, how long it took.

Consumes all topics but batches and replies, produces nothing. Side effect: the public page of record, static files.
"""
