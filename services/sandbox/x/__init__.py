"""A stand-in for X API v2: create, delete and look up posts.

Consumes what tweepy sends; produces what X answers, its refusals in its own words.
Side effect: posts in the sandbox's store.
"""
