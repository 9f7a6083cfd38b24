"""`tocsin guidance`: read, write and sign the packs of guidance, and see what carries which signature."""
