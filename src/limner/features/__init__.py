"""Features of pictures: alignment, networks, and extraction with a cache."""
