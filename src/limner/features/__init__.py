"""What pictures are described by: framing, networks, and features that are found once and kept."""
