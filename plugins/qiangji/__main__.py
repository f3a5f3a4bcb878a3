"""`python -m qiangji` is the command `qiangji`."""

from qiangji.cli import main

main()
