"""A support bundle: what whoever helps needs to know of a house, without its secrets and without anybody's data."""
