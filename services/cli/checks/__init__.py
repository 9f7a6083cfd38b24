"""What `tocsin doctor` looks at: a file a subject, each a function that gives findings and changes nothing."""
