"""The rules of files: uploads, names, attachments and what code leaves behind."""
