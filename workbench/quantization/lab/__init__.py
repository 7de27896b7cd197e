"""The whole lab: a model in many types and one made to measure, compared, and one of them recommended."""
