-- Which periods a figure of `near` is read for: the period itself, the one after it and the one a year later, by the
-- shortest period in which the indicator is reported. A row for each of them; with its key, readers of the comparison
-- of everything look a figure up instead of trying every period.
CREATE TABLE dim.period_compared (
    period_type text NOT NULL,
    near text NOT NULL,
    shortest_period text NOT NULL,
    period text NOT NULL,
    previous_period text,
    year_ago_period text,
    PRIMARY KEY (period_type, near, shortest_period, period)
);
