"""Every room on one machine, as `tocsin up`, the demo and the tests start them: prepared, started, kept, ended."""
