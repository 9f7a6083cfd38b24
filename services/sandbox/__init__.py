"""Consumes HTTP requests made to X API v2 and to Twilio's Messages resource, and orders for faults.

Produces the platforms' answers, signed status callbacks and phones' replies, and a count that trusts no client.
Side effect: keeps every post and text in its own store; calls webhooks on loopback only.
"""
