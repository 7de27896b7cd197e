"""Any server that speaks OpenAI's API, as a Provider. What it can do is found out, not known by its brand."""
