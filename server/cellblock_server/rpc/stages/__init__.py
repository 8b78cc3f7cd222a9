"""Stages of the pipeline, which each call passes before and after its servicer."""
