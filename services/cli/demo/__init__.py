"""`tocsin demo`: the whole way on one machine, from an alert to texts on phones and back. Nobody is reached."""
