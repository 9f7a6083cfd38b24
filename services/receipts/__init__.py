"""The public webhook door. Consumes Twilio's webhooks over HTTP, no topic; produces `receipts` and `replies`.

Side effects: opt-outs in the phonebook, and one answer to whoever replies to a text.
"""
