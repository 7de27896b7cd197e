"""How families of models write conversations, in templates of our own words, and what they would learn of it.

What is trained is said by hand for each, in the words of its format, not found by looking at the template.
"""
# ruff: noqa: E501 - templates are what they are

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from workbench.conversation import Conversation, Message, Tool, ToolCall

TOOL = Tool(
    name="weather",
    description="Tells it.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CALL = ToolCall("call12345", "weather", '{"city": "Rome"}')
SYSTEM = Message("system", "Be kind.")
PLAIN = Conversation(
    (
        Message("user", "Who?"),
        Message("assistant", "Ada."),
        Message("user", "And?"),
        Message("assistant", "Bob!"),
    )
)
CALLED = Conversation(
    (
        Message("user", "Rain?"),
        Message("assistant", "", tool_calls=(CALL,)),
        Message("tool", "sun", tool_call_id="call12345", name="weather"),
        Message("assistant", "No."),
    ),
    (TOOL,),
)
THOUGHT = Conversation((Message("user", "Who?"), Message("assistant", "Ada.", "Let me see.")))


@dataclass(frozen=True, slots=True)
class Family:
    """A template, and what a turn of the assistant in it is, from the prompt's end to the terminator.

    Attributes:
        says: What is trained of a message; `last` where no user speaks after it.
        terminator: What ends a turn, "" where the template has nothing at which models stop.
        thinks: Whether it shows thoughts; calls: whether it writes calls.
    """

    name: str
    template: str
    says: Callable[[Message, bool], str]
    terminator: str
    thinks: bool = False
    calls: bool = False


def template(
    turns: str,
    asks: str,
    *,
    begin: str = "",
    calls: str = "",
    thought: str = "",
    end: str = "",
    header: str = "",
    tagged: bool = False,
) -> str:
    """`turns` writes what others say; the assistant's turn is header, thought, content, calls and end."""
    said = thought + "{{ m.content }}" + calls + end
    said = "{% generation %}" + said + "{% endgeneration %}" if tagged else said
    return (
        f"{begin}{{%- for m in messages %}}{{%- if m.role == 'assistant' %}}{header}{said}"
        f"{{%- else %}}{turns}{{%- endif %}}{{%- endfor %}}{{%- if add_generation_prompt %}}{asks}{{%- endif %}}"
    )


def _text(text: str) -> str:
    return "{{ " + json.dumps(text, ensure_ascii=False) + " }}"


def _each(before: str, after: str) -> str:
    """The role's turn, with ROLE where its name belongs."""
    opening = " ~ m.role ~ ".join(json.dumps(part, ensure_ascii=False) for part in before.split("ROLE"))
    return "{{ " + opening + " ~ m.content ~ " + json.dumps(after, ensure_ascii=False) + " }}"


HERMES_CALLS = (
    '{%- for call in m.tool_calls or [] %}{{ \'<tool_call>\\n{"name": "\' ~ call.function.name ~ '
    "'\", \"arguments\": ' ~ call.function.arguments | tojson ~ '}\\n</tool_call>' }}{%- endfor %}"
)
TEXT_CALLS = (
    "{%- for call in m.tool_calls or [] %}{{ '[TOOL_CALLS]' ~ call.function.name ~ '[ARGS]' ~ "
    "call.function.arguments }}{%- endfor %}"
)
XML_CALLS = (
    "{%- for call in m.tool_calls or [] %}{{ '<invoke name=\"' ~ call.function.name ~ '\">' }}"
    "{%- for key, value in call.function.arguments.items() %}{{ '<' ~ key ~ '>' ~ value ~ '</' ~ key ~ '>' }}"
    "{%- endfor %}</invoke>{%- endfor %}"
)
LAST_THOUGHT = (
    "{%- if loop.last and m.reasoning_content %}{{ '<think>\\n' ~ m.reasoning_content ~ '\\n</think>\\n\\n' }}"
    "{%- endif %}"
)
EMPTY_THOUGHT = (
    "{%- if loop.last %}{{ '<think>\\n' ~ (m.reasoning_content or '') ~ '\\n</think>\\n\\n' }}{%- endif %}"
)


def _hermes(message: Message) -> str:
    call = '<tool_call>\n{{"name": "{}", "arguments": {}}}\n</tool_call>'
    return message.content + "".join(call.format(one.name, one.arguments) for one in message.tool_calls)


def _plain(end: str) -> Callable[[Message, bool], str]:
    return lambda message, last: _hermes(message) + end


def _family(
    name: str,
    turn: tuple[str, str],
    header: str,
    end: str,
    terminator: str,
    *,
    begin: str = "",
    asks: str = "",
) -> Family:
    """One that writes roles alike, thinks not, and calls as Hermes does."""
    made = template(
        _each(*turn),
        _text(asks or header),
        begin=begin,
        calls=HERMES_CALLS,
        end=_text(end),
        header=_text(header),
    )
    return Family(name, made, _plain(terminator), terminator, calls=True)


def _thinking(message: Message, last: bool) -> str:
    thought = f"<think>\n{message.reasoning}\n</think>\n\n" if message.reasoning and last else ""
    return f"{thought}{_hermes(message)}<|im_end|>"


def _always_thinking(message: Message, last: bool) -> str:
    thought = f"<think>\n{message.reasoning}\n</think>\n\n" if last else ""
    return f"{thought}{_hermes(message)}<|im_end|>"


def _prompted_thought(message: Message, last: bool) -> str:
    thought = f"{message.reasoning}\n</think>\n\n" if message.reasoning and last else ""
    return f"{thought}{_hermes(message)}<|im_end|>"


def _channels(message: Message, last: bool) -> str:
    thought = f"<|channel|>analysis<|message|>{message.reasoning}<|eom|><|start|>assistant"
    call = "".join(f" to={one.name}<|message|>{one.arguments}<|call|>" for one in message.tool_calls)
    said = f"<|channel|>final<|message|>{message.content}<|return|>"
    return (thought if message.reasoning else "") + (call or said)


IM = ("<|im_start|>ROLE\n", "<|im_end|>\n")
FAMILIES = (
    _family("ChatML", IM, "<|im_start|>assistant\n", "<|im_end|>\n", "<|im_end|>"),
    _family(
        "Llama 3", ("<|start_header_id|>ROLE<|end_header_id|>\n\n", "<|eot_id|>"),
        "<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>", "<|eot_id|>", begin="{{ bos_token }}",
    ),
    _family(
        "Gemma", ("<start_of_turn>ROLE\n", "<end_of_turn>\n"), "<start_of_turn>model\n", "<end_of_turn>\n",
        "<end_of_turn>", begin="{{ bos_token }}",
    ),
    _family("Phi", ("<|ROLE|>\n", "<|eot_id|>\n"), "<|assistant|>\n", "<|eot_id|>\n", "<|eot_id|>"),
    _family(
        "Granite", ("<|start_of_role|>ROLE<|end_of_role|>", "<|end_of_text|>\n"),
        "<|start_of_role|>assistant<|end_of_role|>", "<|end_of_text|>\n", "<|end_of_text|>",
    ),
    _family("Mistral", ("[INST] ", " [/INST]"), "", "</s>", "</s>", begin="{{ bos_token }}", asks=" "),
    _family("Zephyr", ("<|ROLE|>\n", "</s>\n"), "<|assistant|>\n", "</s>\n", "</s>"),
    Family(
        "Vicuna",
        template(_each("USER: ", " "), "ASSISTANT:", header="ASSISTANT:", thought=_text(" "), calls=HERMES_CALLS,
                 end="</s>"),
        lambda message, last: f" {_hermes(message)}</s>", "</s>", calls=True,
    ),
    _family("Alpaca", ("### ROLE:\n", "\n\n"), "### Response:\n", "\n\n", ""),
    _family("Falcon", ("ROLE: ", "\n"), "Falcon:", "<|endoftext|>\n", "<|endoftext|>"),
    _family("DeepSeek", ("<｜User｜>", ""), "<｜Assistant｜>", "<｜end▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    _family(
        "R1 distilled", ("<｜User｜>", ""), "<｜Assistant｜>", "<｜end▁of▁sentence｜>", "<｜end▁of▁sentence｜>",
        asks="<｜Assistant｜><think>\n",
    ),
    _family("GLM", ("<|ROLE|>\n", ""), "<|assistant|>", "", "", asks="<|assistant|>"),
    _family(
        "Command R", ("<|START_OF_TURN_TOKEN|><|ROLE_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>",
    ),
    _family(
        "Kimi", ("<|im_ROLE|>ROLE<|im_middle|>", "<|im_end|>"), "<|im_assistant|>assistant<|im_middle|>",
        "<|im_end|>", "<|im_end|>",
    ),
    Family(
        "Qwen 3",
        template(
            _each(*IM), _text("<|im_start|>assistant\n"), calls=HERMES_CALLS, thought=EMPTY_THOUGHT,
            end=_text("<|im_end|>\n"), header=_text("<|im_start|>assistant\n"),
        ),
        _always_thinking, "<|im_end|>", thinks=True, calls=True,
    ),
    Family(
        "QwQ",
        template(
            _each(*IM), _text("<|im_start|>assistant\n<think>\n"), calls=HERMES_CALLS, thought=LAST_THOUGHT,
            end=_text("<|im_end|>\n"), header=_text("<|im_start|>assistant\n"),
        ),
        _prompted_thought, "<|im_end|>", thinks=True, calls=True,
    ),
    Family(
        "SmolLM 3",
        template(
            _each(*IM), _text("<|im_start|>assistant\n"), calls=HERMES_CALLS, thought=LAST_THOUGHT,
            end=_text("<|im_end|>\n"), header=_text("<|im_start|>assistant\n"), tagged=True,
        ),
        lambda message, last: _thinking(message, last) + "\n", "<|im_end|>", thinks=True, calls=True,
    ),
    Family(
        "Mistral with arguments as text",
        template(
            _each("[INST]", "[/INST]"), "", calls=TEXT_CALLS, end="{{ eos_token }}", begin="{{ bos_token }}"
        ),
        lambda message, last: message.content + "".join(
            f"[TOOL_CALLS]{one.name}[ARGS]{one.arguments}" for one in message.tool_calls
        ) + "</s>",
        "</s>", calls=True,
    ),
    Family(
        "MiniMax",
        template(
            _each("]~b]ROLE\n", "[e~[\n"), _text("]~b]ai\n"), calls=XML_CALLS, end=_text("[e~[\n"),
            header=_text("]~b]ai\n"),
        ),
        lambda message, last: message.content + "".join(
            '<invoke name="weather"><city>Rome</city></invoke>' for _ in message.tool_calls
        ) + "[e~[",
        "[e~[", calls=True,
    ),
)  # fmt: skip
HARMONY = Family(
    "gpt-oss",
    "{%- for m in messages %}{%- if m.role == 'assistant' %}<|start|>assistant{%- if m.thinking %}"
    "{{ '<|channel|>analysis<|message|>' ~ m.thinking ~ '<|eom|><|start|>assistant' }}{%- endif %}"
    "{%- if m.tool_calls %}{{ ' to=' ~ m.tool_calls[0].function.name ~ '<|message|>' ~ "
    "m.tool_calls[0].function.arguments | tojson ~ '<|call|>' }}{%- else %}"
    "{{ '<|channel|>final<|message|>' ~ m.content ~ ('<|return|>' if loop.last else '<|end|>') }}{%- endif %}"
    "{%- else %}{{ '<|start|>' ~ (m.name or m.role) ~ '<|message|>' ~ m.content ~ '<|end|>' }}{%- endif %}"
    "{%- endfor %}{%- if add_generation_prompt %}<|start|>assistant{%- endif %}",
    _channels, "<|return|>", thinks=True, calls=True,
)  # fmt: skip
