"""The HTML page of a report: charts and rows as values, and the templates that show them."""
