"""What can go wrong with the phonebook as a whole: a sentence that says what happened and what to do."""


class PhonebookError(Exception):
    """The phonebook or its keys cannot be used as they are."""


class SheetError(Exception):
    """A file of subscribers cannot be read at all: no single row is to blame."""
