"""Who may do what on the broker: users and their rights, all of them read off the list of topics."""
