"""How each family writes the same answer: what it thinks, says and calls, in the words of its own format."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.chat.formats.answer_format import AnswerFormat
from workbench.chat.formats.recognition import recognised
from workbench.conversation import Tool

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
TOOLS = (
    Tool(name="weather", description="Tells it.", parameters=SCHEMA),
    Tool(name="time", parameters={"type": "object", "properties": {}}),
)


@dataclass(frozen=True, slots=True)
class Family:
    """A template's telling parts, and two calls as the family writes them: weather of Rome, and time."""

    name: str
    template: str
    calls: str
    thought: str = ""

    @property
    def format(self) -> AnswerFormat:
        return recognised(self.template)


_DS = "<｜DSML｜"
_THINK = "<think>\nHm, let me see.\n</think>\n\n"
FAMILIES = (
    Family(
        "Hermes",
        "{{ tools }}<tool_call></think>",
        '<tool_call>\n{"name": "weather", "arguments": {"city": "Rome", "days": 2}}\n</tool_call>\n'
        '<tool_call>\n{"name": "time", "arguments": {}}\n</tool_call>',
        _THINK,
    ),
    Family(
        "Qwen3-Coder",
        "{{ tools }}<tool_call><function=a><parameter=b>",
        "<tool_call>\n<function=weather>\n<parameter=city>\nRome\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
        "</function>\n</tool_call>\n<tool_call>\n<function=time>\n</function>\n</tool_call>",
    ),
    Family(
        "Seed-OSS",
        "{{ tools }}<seed:tool_call></seed:think>",
        "<seed:tool_call>\n<function=weather>\n<parameter=city>Rome</parameter>\n<parameter=days>2</parameter>\n"
        "</function>\n</seed:tool_call>\n<seed:tool_call>\n<function=time>\n</function>\n</seed:tool_call>",
        "<seed:think>Hm, let me see.</seed:think>\n",
    ),
    Family(
        "MiniMax M2",
        "{{ tools }}<minimax:tool_call></think>",
        '<minimax:tool_call>\n<invoke name="weather">\n<parameter name="city">Rome</parameter>\n'
        '<parameter name="days">2</parameter>\n</invoke>\n<invoke name="time">\n</invoke>\n'
        "</minimax:tool_call>",
        _THINK,
    ),
    Family(
        "GLM 4.5",
        "{{ tools }}<tool_call>a\n<arg_key>k</arg_key>\n<arg_value></think>",
        "<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Rome</arg_value>\n<arg_key>days</arg_key>\n"
        "<arg_value>2</arg_value>\n</tool_call>\n<tool_call>time\n</tool_call>",
        _THINK,
    ),
    Family(
        "GLM 4.7",
        "{{ tools }}<tool_call>a<arg_key>k</arg_key><arg_value></think>",
        "<tool_call>weather<arg_key>city</arg_key><arg_value>Rome</arg_value><arg_key>days</arg_key>"
        "<arg_value>2</arg_value></tool_call><tool_call>time</tool_call>",
        _THINK,
    ),
    Family(
        "DeepSeek V3.2",
        "{{ tools }}｜DSML｜</think>",
        f'{_DS}function_calls>\n{_DS}invoke name="weather">\n{_DS}parameter name="city" string="true">Rome'
        f'</｜DSML｜parameter>\n{_DS}parameter name="days" string="false">2</｜DSML｜parameter>\n'
        "</｜DSML｜invoke>\n"
        f'{_DS}invoke name="time">\n</｜DSML｜invoke>\n</｜DSML｜function_calls>',
        _THINK,
    ),
    Family(
        "DeepSeek V3",
        "{{ tools }}<｜tool▁call▁begin｜>```json</think>",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n"
        '{"city": "Rome", "days": 2}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>'
        "function<｜tool▁sep｜>time\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        _THINK,
    ),
    Family(
        "DeepSeek V3.1",
        "{{ tools }}<｜tool▁call▁begin｜></think>",
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{"city": "Rome", "days": 2}'
        "<｜tool▁call▁end｜><｜tool▁call▁begin｜>time<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        _THINK,
    ),
    Family(
        "Kimi K2",
        "{{ tools }}<|tool_calls_section_begin|></think>",
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>"
        '{"city": "Rome", "days": 2}<|tool_call_end|><|tool_call_begin|>functions.time:1'
        "<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>",
        _THINK,
    ),
    Family(
        "Mistral",
        "{{ tools }}[TOOL_CALLS][ARGS][/THINK]",
        '[TOOL_CALLS]weather[ARGS]{"city": "Rome", "days": 2}[TOOL_CALLS]time[CALL_ID]abcdefghi[ARGS]{}',
        "[THINK]Hm, let me see.[/THINK]",
    ),
    Family(
        "Mistral",
        "{{ tools }}[TOOL_CALLS]",
        '[TOOL_CALLS][{"name": "weather", "arguments": {"city": "Rome", "days": 2}, "id": "abcdefghi"}, '
        '{"name": "time", "arguments": {}}]',
    ),
    Family(
        "Functionary",
        "{{ tools }}<function=a></function>",
        '<function=weather>{"city": "Rome", "days": 2}</function><function=time>{}</function>',
    ),
    Family(
        "Command R",
        "{{ tools }}<|START_ACTION|><|END_THINKING|><|START_RESPONSE|>",
        '<|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "weather", "parameters": '
        '{"city": "Rome", "days": 2}},\n    {"tool_call_id": "1", "tool_name": "time", "parameters": {}}\n'
        "]<|END_ACTION|>",
        "<|START_THINKING|>Hm, let me see.<|END_THINKING|>",
    ),
    Family(
        "LFM2",
        "{{ tools }}<|tool_call_start|></think>",
        '<|tool_call_start|>[weather(city="Rome", days=2), time()]<|tool_call_end|>',
        _THINK,
    ),
    Family(
        "Gemma 4",
        "{{ tools }}<|tool_call><channel|>",
        '<|tool_call>call:weather{city:<|"|>Rome<|"|>,days:2}<tool_call|><|tool_call>call:time{}<tool_call|>',
        "<|channel>thought\nHm, let me see.\n<channel|>",
    ),
    Family(
        "FunctionGemma",
        "{{ tools }}<start_function_call>",
        "<start_function_call>call:weather{city:<escape>Rome<escape>,days:2}<end_function_call>"
        "<start_function_call>call:time{}<end_function_call>",
    ),
    Family(
        "Granite 3",
        "{{ tools }}<|tool_call|></think>",
        '<|tool_call|>[{"name": "weather", "arguments": {"city": "Rome", "days": 2}}, '
        '{"name": "time", "arguments": {}}]',
        _THINK,
    ),
    Family(
        "Nemotron",
        "{{ tools }}<TOOLCALL></think>",
        '<TOOLCALL>[{"name": "weather", "arguments": {"city": "Rome", "days": 2}}, '
        '{"name": "time", "arguments": {}}]</TOOLCALL>',
        _THINK,
    ),
    Family(
        "MiniMax M1",
        "{{ tools }}<tool_calls>",
        '<tool_calls>\n{"name": "weather", "arguments": {"city": "Rome", "days": 2}}\n'
        '{"name": "time", "arguments": {}}\n</tool_calls>',
    ),
    Family(
        "Llama 3",
        '{{ tools }}<|start_header_id|>"parameters": ',
        '{"name": "weather", "parameters": {"city": "Rome", "days": 2}}; {"name": "time", "parameters": {}}',
    ),
    Family(
        "described",
        "{{ messages }}",
        '<tool_call>\n{"name": "weather", "arguments": {"city": "Rome", "days": 2}}\n</tool_call>\n'
        '<tool_call>\n{"name": "time", "arguments": {}}\n</tool_call>',
    ),
    Family(
        "gpt-oss",
        "<|start|>assistant<|channel|>analysis",
        "<|start|>assistant<|channel|>commentary to=functions.weather <|constrain|>json<|message|>"
        '{"city": "Rome", "days": 2}<|call|><|start|>assistant to=functions.time<|channel|>commentary json'
        "<|message|>{}<|call|>",
        "<|channel|>analysis<|message|>Hm, let me see.<|end|>",
    ),
)
