"""From photos on disk to a prepared set: faces found, aligned, split and written as Parquet."""
