"""The roof: the `tocsin` command, the demo, the supervisor of `tocsin up`, and Kafka without Docker."""
