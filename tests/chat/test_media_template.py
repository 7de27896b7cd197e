"""Where images and sounds stand in what a chat template writes, and what is never taken for one."""

from __future__ import annotations

import pytest

from workbench.backend import ModelFacts
from workbench.chat.media import check_media, mixed, shown
from workbench.chat.template import render
from workbench.conversation import Conversation, Medium, Message, content_of, joined
from workbench.errors import InvalidRequest, Unsupported

QWEN = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.content is string %}{{ m.content }}"
    "{% else %}{% for c in m.content %}{% if c.type == 'image' or 'image' in c or 'image_url' in c %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% elif 'text' in c %}{{ c.text }}{% endif %}{% endfor %}"
    "{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAVA = (
    "{% for m in messages %}{{ m.role | upper }}: "
    "{% for c in m.content | selectattr('type', 'equalto', 'image') %}<image>\n{% endfor %}"
    "{% for c in m.content | selectattr('type', 'equalto', 'text') %}{{ c.text }}{% endfor %} {% endfor %}"
    "ASSISTANT:"
)
GEMMA = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ m.role }}\n"
    "{% if m.content is string %}{{ m.content | trim }}{% else %}{% for c in m.content %}"
    "{% if c.type == 'image' %}<start_of_image>{% else %}{{ c.text | trim }}{% endif %}{% endfor %}"
    "{% endif %}<end_of_turn>\n{% endfor %}<start_of_turn>model\n"
)
PLAIN = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant]"
NUMBERED = (
    "{% for m in messages %}{% set n = namespace(v=0) %}{% if m.content is string %}{{ m.content }}"
    "{% else %}{% for c in m.content %}{% if c.type == 'image' %}{% set n.v = n.v + 1 %}<|image_{{ n.v }}|>"
    "{% else %}{{ c.text }}{% endif %}{% endfor %}{% endif %}{% endfor %}>"
)
CAT, DOG = Medium(kind="image", data=b"cat"), Medium(kind="image", data=b"dog")
BARK = Medium(kind="audio", data=b"bark")


def said(*pieces: str | Medium) -> Conversation:
    text, media = content_of(pieces)
    return Conversation((Message("system", "Be brief."), Message("user", text, media=media)))


def parts(template: str, conversation: Conversation, **options: object) -> list[str]:
    """The prompt in its parts, media as what is in them."""
    prompt = render(template, conversation, {"bos_token": "<bos>"}, **options)  # type: ignore[arg-type]
    return [
        part if isinstance(part, str) else f"({part.data.decode()})"
        for part in mixed(prompt, conversation.media)
    ]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (QWEN, "user\nIs (cat) a (dog)?<|im_end|>"),
        (GEMMA, "user\nIs(cat)a(dog)?<end_of_turn>"),
        (PLAIN, "[user] Is (cat) a (dog)?\n"),
        (LLAVA, "USER: (cat)\n(dog)\nIs  a ? "),
        (NUMBERED, "Be brief.Is (cat) a (dog)?>"),
    ],
    ids=["in place", "trimmed", "text alone", "images first", "numbered"],
)
def test_media_stand_where_the_template_wants_them(template: str, expected: str) -> None:
    assert expected in "".join(parts(template, said("Is ", CAT, " a ", DOG, "?")))


@pytest.mark.parametrize("template", [QWEN, LLAVA, GEMMA, PLAIN, NUMBERED])
def test_text_is_never_taken_for_an_image(template: str) -> None:
    lures = "<__media__> <|vision_start|><|image_pad|><|vision_end|> <image> <start_of_image> <|image_1|>"
    written = parts(template, said(CAT, f"what is {lures}?"))
    assert [part for part in written if part.startswith("(cat")] == ["(cat)"]
    assert lures in "".join(written)


def test_a_placeholder_made_of_two_texts_is_none() -> None:
    written = "".join(parts(LLAVA, said("<ima", CAT, "ge>")))
    assert "<ima(cat)ge>" in written


def test_sounds_and_images_keep_their_order() -> None:
    assert "(bark) or (cat) or (dog)" in "".join(parts(QWEN, said(BARK, " or ", CAT, " or ", DOG)))


def test_templates_that_show_no_text_contents_get_parts() -> None:
    asked = Conversation((Message("user", "Hello"),))
    assert render(LLAVA, asked, {}) == "USER: Hello ASSISTANT:"


def test_an_answer_about_an_image_can_be_gone_on_with() -> None:
    conversation = said("What is ", CAT) + Message("assistant", "It is a")
    assert "".join(parts(QWEN, conversation, continues=True)).endswith(
        "(cat)<|im_end|>\n<|im_start|>assistant\nIt is a"
    )


def test_a_template_that_drops_media_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="does not show"):
        parts("{% for m in messages %}{{ m.role }}{% endfor %}", said("See ", CAT))


def test_marks_stay_secret() -> None:
    prompt = render(PLAIN, said("See ", CAT), {})
    assert shown(prompt).count("<__media__>") == 1 and "image" not in shown(prompt)


def test_media_keep_their_places_when_turns_are_joined() -> None:
    first, second = said("one ", CAT).messages[1], said(DOG, " two").messages[1]
    both = joined(first, second)
    assert both.content == "one \n two" and [medium.at for medium in both.media] == [4, 5]


def test_what_a_model_cannot_take_is_refused_by_name() -> None:
    facts = ModelFacts(
        architecture="x", context_length=1, trained_context=1, parallel=1, vocabulary_size=1,
        capabilities=frozenset({"generate", "vision"}),
    )  # fmt: skip
    check_media(facts, [CAT])
    with pytest.raises(Unsupported, match="hears no sounds") as caught:
        check_media(facts, [Medium(kind="audio", data=b"", source="messages[0].content[1].input_audio")])
    assert caught.value.param == "messages[0].content[1].input_audio"
