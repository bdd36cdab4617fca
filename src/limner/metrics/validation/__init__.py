"""Whether each metric notices the corruption that it exists for, and no other."""
