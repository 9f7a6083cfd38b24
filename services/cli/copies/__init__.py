"""Copies of a realm's stores: made while the rooms run (`tocsin backup`), and put back (`tocsin restore`)."""
