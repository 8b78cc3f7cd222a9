"""The web console: a page to debug with, and what answers it: a caller like others."""
