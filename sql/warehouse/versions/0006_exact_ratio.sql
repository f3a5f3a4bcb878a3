-- The one division, exact: numeric's own is cut to some 16 digits before round() sees it, and then rounded twice.

-- A half is rounded away from zero (half up), as round() and spreadsheet programs do. div() cuts off the fraction of
-- |f n / d| in millionths, a half added; nothing else is inexact. NULL where there is nothing to divide by.
CREATE OR REPLACE FUNCTION mart.ratio(factor numeric, numerator numeric, denominator numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sign(factor * numerator) * sign(denominator) * 0.000001
        * div(abs(factor * numerator) * 2000000 + abs(denominator), 2 * nullif(abs(denominator), 0));
