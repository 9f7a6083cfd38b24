"""Python's garbage collector, told what a room is: much that is made at the start and stays, and much that passes.

As it comes it looks at young objects after every 700 allocations, and again and again at all that the libraries have
made (https://docs.python.org/3/library/gc.html#gc.freeze): a third of what a text over aiohttp cost, and pauses that an
alert waits for.
"""

import gc

#: Allocations that outlive their frees before young objects are looked at; and how many such looks before older ones.
YOUNG, MIDDLE, OLD = 20_000, 10, 10


def settle() -> None:
    """What there is now is never looked at again; call it once, when a room is built."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
