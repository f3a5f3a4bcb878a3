"""Runs the project on one machine: Airflow with its supervisor, and the demonstration. No task imports this."""
