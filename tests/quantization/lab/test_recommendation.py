"""What is recommended, with its reasons, and how it is drawn."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from workbench.picture import lettered, svg
from workbench.quantization.lab.candidate import Candidate, Proposal
from workbench.quantization.lab.page import page
from workbench.quantization.lab.picture import chart
from workbench.quantization.lab.recommendation import recommended
from workbench.quantization.quality.figures import Estimate, Figures
from workbench.quantize_request import QuantizeRequest

MIB = 1 << 20


def candidate(name: str, size: int, divergence: float, *, budget: bool = False) -> Candidate:
    figures = Figures(
        tokens=100,
        perplexity=Estimate(5.0, 0.1),
        kl_mean=Estimate(divergence, divergence / 10),
        kl_median=divergence / 2,
        kl_p99=divergence * 9,
        kl_max=divergence * 50,
        top1_agreement=Estimate(0.97, 0.01),
        delta_p_rms=0.01,
    )
    return Candidate(Proposal(name, QuantizeRequest(source="x", type="Q8_0"), size, budget), figures, 20.0)


CANDIDATES = [
    candidate("Q8_0", 800 * MIB, 0.0001),
    candidate("Q6_K", 600 * MIB, 0.0008),
    candidate("Q4_K_M", 450 * MIB, 0.008),
    candidate("budget", 449 * MIB, 0.004, budget=True),
    candidate("<Q2_K>", 300 * MIB, 0.09),
]


@pytest.mark.parametrize(
    ("limit", "name"),
    [(900, "Q6_K"), (600, "Q6_K"), (599, "budget"), (449, "budget"), (448, "<Q2_K>"), (1, None)],
)
def test_the_nearest_that_fits_or_the_smallest_that_is_near_enough(limit: int, name: str | None) -> None:
    found = recommended(CANDIDATES, limit * MIB)
    assert (found.candidate and found.candidate.proposal.name) == name
    assert found.reasons and all(reason.endswith(".") for reason in found.reasons)


def test_a_budget_is_recommended_beside_the_best_mix() -> None:
    assert (
        "Q4_K_M, the best of the mixes that fit, is 2.0 times"
        in recommended(CANDIDATES, 599 * MIB).reasons[-1]
    )


def test_the_picture_shows_every_candidate() -> None:
    drawn = ElementTree.fromstring(svg(chart(CANDIDATES, CANDIDATES[3])))
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {one.proposal.name for one in CANDIDATES} <= set(texts)
    assert len([one for one in drawn.iter() if one.get("class") == "ringed"]) == 1
    letters = "\n".join(lettered(chart(CANDIDATES, None)))
    assert all(one.proposal.name in letters for one in CANDIDATES) and letters.count("o budget") == 1
    same = chart([candidate("a", MIB, 0.0), candidate("b", MIB, 0.0)], None)
    assert lettered(same) and svg(same)


def test_the_page_holds_what_was_found_and_no_markup_of_others() -> None:
    text = page("<title>", CANDIDATES, recommended(CANDIDATES, 448 * MIB))
    assert "&lt;Q2_K&gt;" in text and "<Q2_K>" not in text and "<script" not in text
    assert text.count("<tr>") == 1 + len(CANDIDATES)
