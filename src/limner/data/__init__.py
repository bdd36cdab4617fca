"""From photos on disk to a dataset: faces found, aligned, split and written as Parquet."""
