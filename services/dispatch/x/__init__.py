"""X, through tweepy's AsyncClient.

Consumes: see services.dispatch. Produces: deliveries, alarms. Side effect: posts and deletes on one X account.
"""
