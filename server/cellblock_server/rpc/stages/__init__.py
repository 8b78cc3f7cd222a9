"""Stages of the pipeline: what each call passes before and after its servicer."""
