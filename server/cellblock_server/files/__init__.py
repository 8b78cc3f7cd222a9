"""Rules of files: uploads, names, attachments and files that code generates."""
