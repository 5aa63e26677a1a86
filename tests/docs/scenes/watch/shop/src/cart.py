# A file.
