"""The one shared store: random subscriber ids and, encrypted, the numbers behind them; areas, languages, consent.

Used by audience, receipts, dispatch/sms and the command line. No number leaves it except to the hand that sends.
"""
