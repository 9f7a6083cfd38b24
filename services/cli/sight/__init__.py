"""What `tocsin top` sees: every room's private door asked, added up, and drawn."""
