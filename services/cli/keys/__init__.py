"""`tocsin keys`: who may sign. Keys, the trust bundle that two administrators sign, and the change of a key."""
