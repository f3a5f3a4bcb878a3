"""python -m qiangji.exporting.superset: writes bi/superset/assets anew."""

from qiangji.exporting.superset import FOLDER, write

write()
print(FOLDER)
