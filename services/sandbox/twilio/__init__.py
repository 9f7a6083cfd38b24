"""A stand-in for Twilio's Messages resource, and for the phones behind it.

Consumes what a client or a phone sends; produces Twilio's answers, signed status callbacks and inbound webhooks.
Side effect: texts in the sandbox's store; calls webhooks.
"""
