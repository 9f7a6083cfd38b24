"""`tocsin subscribers`: people in the phonebook, one by one and by file."""
