"""Text messages, through Twilio's Messages resource.

Consumes: see services.dispatch. Produces: deliveries, alarms. Side effect: one text message an attempt.
"""
