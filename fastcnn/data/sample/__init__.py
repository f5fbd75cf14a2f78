"""A data set drawn by code, for when the photographs cannot be downloaded."""

from fastcnn.data.sample.writer import SAMPLE_NAME, write_sample

__all__ = ["SAMPLE_NAME", "write_sample"]
