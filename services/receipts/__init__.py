"""The public webhook door: delivery reports become `receipts`, STOP, START and HELP become `replies`.

Consumes nothing but HTTP. Side effects: opt-outs in the phonebook, and one answer to whoever replies to a text.
"""
