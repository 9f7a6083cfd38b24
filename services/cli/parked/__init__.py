"""`tocsin parked`: records that a room could not take, why in plain words, and what may be done with them."""
