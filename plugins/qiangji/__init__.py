"""Qiangji (强基): grassroots Party-building reports in, indicators out. The flow is in README.md."""
