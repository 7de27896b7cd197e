"""Questions with answers, each in three wordings, so that what means the same is known."""

from __future__ import annotations

import json
from pathlib import Path

TOPICS = {
    "boil an egg": "put it into boiling water for seven minutes",
    "boil rice": "simmer one cup of it in two cups of water for fifteen minutes",
    "bake a loaf of bread": "let the dough rise for an hour and put it into a hot oven",
    "sharpen a kitchen knife": "draw the blade over a wet stone at a flat angle",
    "remove red wine from a carpet": "blot it with a cloth and pour salt on the stain",
    "change a bicycle tyre": "take the wheel off, lift the tyre with levers and put in a new tube",
    "change the tyre of a car": "loosen the nuts, raise the car with a jack and swap the wheels",
    "tie a bowline knot": "make a loop, bring the end up through it, around the rope and back down",
    "paint a wooden fence": "sand the boards, put on a primer and brush on two coats",
    "plant tomatoes": "set the seedlings deep into warm soil after the last frost",
    "prune roses": "cut the stems above an outward bud at the end of winter",
    "train a puppy": "reward it at once whenever it does what you asked",
    "clean a coffee machine": "run it with vinegar and water, then twice with clear water",
    "renew a passport": "fill in the form, add a photograph and bring both to the office",
    "learn the guitar": "practise three chords every day until your fingers find them",
    "run a marathon": "add a little distance each week for half a year",
    "fix a leaking tap": "turn off the water and replace the washer in the valve",
    "reset a router": "hold its small button for ten seconds until the lamps blink",
    "sort a list in Python": "call sorted on it, which returns a new list",
    "undo the last commit in git": "use git reset with HEAD~1, which keeps your changes",
    "copy files over ssh": "use scp with the name of the host and a path",
    "photograph the night sky": "put the camera on a tripod and expose for twenty seconds",
    "save water in the garden": "cover the soil with mulch and water early in the morning",
    "calm a crying baby": "hold it close, rock it slowly and speak softly",
    "choose a bottle of wine": "ask what is eaten with it and how much it may cost",
    "store potatoes": "keep them dark, dry and cool, and away from onions",
    "repair a torn page": "lay thin japanese paper and starch paste over the tear",
    "get rid of ants": "find where they come in and close the gap with silicone",
    "iron a shirt": "begin with the collar, then the cuffs, the sleeves and the back",
    "open a bank account": "bring your identity card and sign the contract at a branch",
}
_ASKED = ("How do I {0}?", "What is the best way to {0}?", "Could you tell me how to {0}?")
_ANSWERED = ("To {0}, {1}.", "You should {1}.", "People usually {1}; that is how they {0}.")


def rows() -> list[tuple[str, str]]:
    """Each topic three times: first all in the first words, then all in the second, and in the third."""
    return [
        (asked.format(topic), answered.format(topic, step))
        for asked, answered in zip(_ASKED, _ANSWERED, strict=True)
        for topic, step in TOPICS.items()
    ]


def write(path: Path) -> Path:
    lines = [json.dumps({"prompt": asked, "completion": answered}) for asked, answered in rows()]
    path.write_text("\n".join(lines) + "\n")
    return path
