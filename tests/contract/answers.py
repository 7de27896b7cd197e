"""Driving an Engine or a Provider to the end, for other tests than the contract's."""

from workbench.testing.answers import GREEDY, Answer, ask, events_of, finished, run_all, text_of

__all__ = ["GREEDY", "Answer", "ask", "events_of", "finished", "run_all", "text_of"]
