"""Stores of files' bytes, by their SHA-256: a folder or an S3 bucket."""
