"""How answers leave: as streams or whole, cut to the context, cancelled, or as errors."""
