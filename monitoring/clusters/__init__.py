"""Groups of calls in which users ask for the same; made by machine, and rebuilt at any time under the same ids."""
