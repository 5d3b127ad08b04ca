"""Answers that somebody, or something, will give one day."""

# ruff: noqa: RUF001, S108

# fmt: off
WRONG_SLUGS = [
    "..", ".", "../evil", "../../evil", "/abs", "/tmp/abs", "a/b", "a\\b", "C:\\a", "~", "~root",
    "", " ", "a ", " a", "a b", "a\tb", "a\n", "a\0b", "a_b", "a.b", "a--b", "-a", "a-", "--help",
    "Orders", "ORDERS", "123a", "1", "é", "ſ", "a\u0301", "日本", "\U0001f600", "\u202eabc",
    "class", "None", "none", "lambda", "import", "async", "test", "tests", "src", "docs", "app",
    "con", "nul", "aux", "com1", "lpt9", "python", "pip", "uv", "activate", "migrations",
    "fastapi", "pydantic-core", "uvicorn", "pytest", "json", "asyncio", "distutils",
    "annotationlib", "a" * 41, "a-" * 20 + "ab", "$(id)", "`id`", "a;b", "a'b", 'a"b', "${a}",
    "%a%", "a&b", "*", "{{ 7*7 }}", "{% raw %}", "{# a #}", "{{cookiecutter.project_name}}",
    "{{cookiecutter.project_slug}}",
]

REFUSED_TEXTS = [
    "", " ", " padded", "padded ", "\t", "a\nb", "a\rb", "a\r\nb", "a\tb", "a\0b", "a\x1b[31mb",
    "a\x7fb", "a\x85b", "a\u2028b", "a\u2029b", "\ufeffa", "a\u202eb", "a\u200eb", "a\u2066b",
    "a\u00adb", "a\u200bb", "a\ue000b", "a\U000f0000b", "a\uffffb", "a\U000e0041b", "a\u0378b",
    "{{ 7*7 }}", "{{", "{%", "{#", "{% raw %}", "{# comment #}", "a {{cookiecutter.__package}}",
    "{{ cookiecutter.project_slug }}", "{{''.__class__.__mro__}}", "${{ secrets.TOKEN }}",
    "# {% if x %}", "a" * 300, "é" * 201,
    "{{ cycler.__init__.__globals__.os.system('touch evil') }}", "{{cookiecutter.project_slug}}",
]

KEPT_TEXTS = [
    '"', "'", "\\", '\\"', "\\n", "\\u0041", '"""', "'''", '""" + evil() + """', "a\\", "\\\\",
    "$HOME", "${HOME}", "$(id)", "`id`", "%PATH%", "; rm -rf .", "&& id", "| id", "> evil", "!id",
    "<b>bold</b>", "<script>alert(1)</script>", "&amp;", "a & b", "</title>", "<!-- a", "]]>",
    "# not a comment", "a # b", "- a", "a: b", "[a]", "{a}", "{a: b}", "*a", "&a", "!!a", "|", ">",
    "null", "true", "no", "~", "1", "1e3", "0x10", "2020-01-01", "None", "True", "=", "<<", "...",
    "---", "%YAML 1.2", "%}", "}}", "#}", "}", "{", "-dash", "--flag", "/", "..", "../../evil",
    "Ünïcödé", "日本語", "עברית", "العربية", "ไทย", "é", "e\u0301", "ß", "İ", "\U0001f600", "%s",
    "👨\u200d👩\u200d👧", "می\u200cخواهم", "\u2018a\u2019", "\u2014", "a\u00a0b", "\U00020000", "𝕬",
    "pass:word@host", "user@example.com", "a,b", "a;b", "a=b", "a|b", "a\\b", "C:\\evil", "@a",
    "x'; DROP TABLE items; --", "a" * 60, "ﬁ",
]
# fmt: on
