"""This process with another environment for a while: the settings are read from there."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def environ(variables: Mapping[str, str]) -> Iterator[None]:
    """The environment is `variables` and nothing else inside; at the end it is as before."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
