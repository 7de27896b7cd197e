"""Lines of made-up text in several scripts, with numbers, signs, spaces and emojis, the same each time."""

from __future__ import annotations

import random
from unicodedata import normalize

_WORDS = {
    "Latin": "the quick brown fox jumps over dogs I'm sure they'll say it's fine We've isn't HELLO CamelCase",
    "German": "Größe Straße über Äpfel müde Fußgänger zwölf Boxkämpfer jagen Viktor quer schön",
    "French": "garçon naïve élève où être cœur français déjà l'été aujourd'hui",
    "Vietnamese": "tiếng Việt người không được những thế giới chúng tôi",
    "Cyrillic": "съешь ещё этих мягких французских булок да выпей чаю нещо на Български",
    "Greek": "ξεσκεπάζω την ψυχοφθόρα βδελυγμία Ελληνικά γλώσσα",
    "Hebrew": "דג סקרן שט בים מאוכזב ולפתע מצא חברה",
    "Arabic": "نص حكيم له سر قاطع وذو شأن عظيم مكتوب",
    "Hindi": "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा",
    "Bengali": "বাংলা ভাষা আমার সোনার আমি তোমায় ভালোবাসি",
    "Thai": "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดา",
    "Khmer": "កាន់តែពិសេសអាច ខ្មែរ ភាសា",
    "Chinese": "我能吞下玻璃 而不伤身体 天地玄黄 宇宙洪荒 工作 应用",
    "Japanese": "いろはにほへと ちりぬるを カタカナ 日本語の文章 わかよたれそ",
    "Korean": "다람쥐 헌 쳇바퀴에 타고파 한국어 문장 세종대왕",
    "Georgian": "ქართული ენა საქართველო გამარჯობა",
    "Code": "def f(x): return x**2 if(a[i]!=0){b+=1;} #include <stdio.h> https://example.org/a?b=c&d=%20",
    "Numbers": "0 7 42 3.14 1,000,000 2024-01-31 12:30:59 1e-9 ½ ² Ⅷ ١٢٣ ७८९ 33333333",
    "Signs": "... -- ——— !!! ?! «guillemets» “quotes” (brackets) [x] {y} @home #tag $5 50% a/b \\ ^_^ ~ ` |",
    "Emojis": "🚀 😶‍🌫️ 👩‍👩‍👧 ✅ 🦙🦙 🇩🇪 ❤️",
}
_SPACES = (" ", " ", " ", " ", "  ", "   ", "\t", ", ", ". ", "-")


def lines(count: int, seed: int = 7) -> list[str]:
    """Composed text (NFC) without line breaks inside, some with spaces at the ends."""
    chance = random.Random(seed)
    return [_line(chance) for _ in range(count)]


def _line(chance: random.Random) -> str:
    scripts = chance.sample(sorted(_WORDS), chance.randint(1, 3))
    words = [word for script in scripts for word in _WORDS[script].split()]
    text = "".join(chance.choice(words) + chance.choice(_SPACES) for _ in range(chance.randint(1, 14)))
    return normalize("NFC", text if chance.random() < 0.3 else text.strip() or "a")
