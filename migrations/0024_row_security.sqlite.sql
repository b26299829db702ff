-- SQLite has no policies for rows; there the statements alone keep providers apart.
SELECT 1;
