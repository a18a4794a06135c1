"""Conversion between protos and model. Only `api` and `adapters` know protos."""
