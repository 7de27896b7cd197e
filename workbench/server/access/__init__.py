"""Who may ask, how much, and how that is enforced and written down."""
