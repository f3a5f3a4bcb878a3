"""The board: pages on which people look at figures, each number explained down to its delivery.

In: what `figures` reads of the warehouse, the catalogue, who looks. Out: HTML pages, and every table as CSV and xlsx.

| file | what |
| --- | --- |
| `state.py` | the state of a page and its address |
| `asking.py` | the warehouse as a page asks it: one snapshot, few statements, little time |
| `words.py` | the words of the pages in both languages |
| `compared.py`, `bands.py` | figures beside those of before; red, yellow, green |
| `overview.py`, `indicator.py` | the data of a page, without HTML; `sketch.py`: its map |
| `choosing.py` | what may be chosen, also where what is chosen has no figure |
| `pages.py` | the pages that there are |
| `rendering.py`, `tables.py` | data into HTML, into CSV and xlsx; static files by their hash |
| `web.py` | the routes |
| `today.py`, `reporting.py`, `county.py`, `quality.py` | the pages of the daily work |
| `work.py`, `words_of_work.py`, `rules.py` | what those show in words |
| `posting.py`, `deciding.py` | the one route that writes: who may send a decision, and what is recorded |
| `described.py` | the same for programs: each page as JSON, and its OpenAPI |

Airflow is not known here: `airflow_glue` puts the pages among its own and says who looks.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Viewer:
    """Who looks, and what the account may do besides looking."""

    name: str
    may_decide: bool = False
    may_see_workbooks: bool = False
