"""A server between the functions and the local AWS: it answers what that lacks, and fails what it is told to fail."""

from .handle import Answers

__all__ = ["Answers"]
