"""Documents as texts: PDF, Word, HTML and Markdown, parsed in a process that may neither hang nor grow.

A text keeps what chunks are made by: headings as Markdown writes them, an empty line between paragraphs, and
a form feed between pages. Knows no row.
"""
