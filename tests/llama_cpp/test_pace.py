"""How much of a prompt is computed at once, on made-up step times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench_llama_cpp.pace import GAP_SECONDS, STEP_SECONDS, Pace, share_out


def run(pace: Pace, answers: int, base: float, per_token: float, steps: int = 12) -> float:
    """Let steps pass on a machine of that speed; returns what the last one added for the answers."""
    added = 0.0
    for _ in range(steps):
        count = pace.prompt_tokens(answers)
        added = count * per_token
        pace.learn(answers, count, base + added)
    return added


def test_beside_answers_a_prompt_adds_about_the_gap_on_any_machine() -> None:
    for per_token in (0.0001, 0.001, 0.01):
        pace = Pace(2048)
        pace.learn(1, 0, 0.03)
        added = run(pace, 1, 0.03, per_token)
        assert added <= GAP_SECONDS * 1.01
        assert added >= min(GAP_SECONDS * 0.7, 2000 * per_token)


def test_one_token_at_least_on_the_slowest_machine() -> None:
    pace = Pace(2048)
    assert run(pace, 1, 1.0, 0.5) == 0.5


def test_all_rows_of_a_step_fill_the_kernels() -> None:
    pace = Pace(2048)
    pace.learn(3, 64, 0.33)
    assert (pace.prompt_tokens(3) - 1) % 4 == 0, "beside answers, one token goes with them"
    assert pace.prompt_tokens(0) % 4 == 0


def test_the_first_chunk_beside_answers_is_small() -> None:
    assert Pace(2048).prompt_tokens(1) <= 16


def test_with_nobody_waiting_steps_are_long_but_bounded() -> None:
    pace = Pace(2048)
    run(pace, 0, 0.0, 0.002)
    assert 0.5 * STEP_SECONDS <= pace.prompt_tokens(0) * 0.002 <= STEP_SECONDS


def test_prompts_that_come_together_share_a_step_on_a_slow_machine_too() -> None:
    pace = Pace(2048)
    run(pace, 0, 0.0, 0.05)
    assert pace.prompt_tokens(0) == 256
    assert Pace(100).prompt_tokens(0) == 100


def test_answers_that_have_just_begun_go_with_the_prompts_that_came_with_them() -> None:
    pace = Pace(2048)
    run(pace, 1, 0.03, 0.004)
    assert pace.prompt_tokens(1) <= 40
    assert (pace.prompt_tokens(1, waited_for=False) - 1) % 4 == 0
    assert pace.prompt_tokens(1, waited_for=False) >= 240


def test_a_prompt_gets_half_of_a_slow_machine() -> None:
    pace = Pace(2048)
    for _ in range(10):
        pace.learn(4, 0, 2.0)
    added = run(pace, 4, 2.0, 0.05)
    assert 1.5 <= added <= 2.0


def test_a_slow_step_is_believed_at_once_and_forgotten_in_time() -> None:
    pace = Pace(2048)
    run(pace, 1, 0.0, 0.001)
    usual = pace.prompt_tokens(1)
    pace.learn(1, usual, 10 * usual * 0.001)
    assert pace.prompt_tokens(1) <= usual // 5
    run(pace, 1, 0.0, 0.001, steps=20)
    assert pace.prompt_tokens(1) >= 0.9 * usual


def test_a_handful_of_tokens_does_not_spoil_the_estimate() -> None:
    pace = Pace(2048)
    run(pace, 0, 0.0, 0.001)
    before = pace.prompt_tokens(0)
    pace.learn(0, 3, 0.03)
    assert pace.prompt_tokens(0) == before


@given(st.lists(st.integers(1, 5000), max_size=12), st.integers(1, 2048))
def test_shares_use_the_budget_and_serve_the_oldest(remaining: list[int], budget: int) -> None:
    shares = share_out(remaining, budget)
    assert sum(shares) == min(budget, sum(remaining))
    assert all(0 <= share <= need for share, need in zip(shares, remaining, strict=True))
    if remaining:
        assert shares[0] >= min(remaining[0], budget // 2)


def test_a_short_prompt_does_not_wait_behind_a_long_one() -> None:
    assert share_out([4000, 3000, 20], 512) == [256, 236, 20]
