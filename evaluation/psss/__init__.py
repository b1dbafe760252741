"""Does the score mean anything? Two experiments, by a criterion of before them: docs/psss.md."""
