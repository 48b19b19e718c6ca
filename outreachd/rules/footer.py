"""What stands below every letter: who it is from by post, and the way out.

The law of the reader's country asks for both in each commercial letter, so a letter
that lacks one gets it here, whatever its templates say or skipped. What the wording
already contains is not repeated. Source: 15 U.S.C. 7704(a)(5).
"""

from __future__ import annotations

import html


def with_text_footer(text: str, postal: str, url: str) -> str:
    """Add the postal address and the opt-out link that a text lacks."""
    lines = []
    if postal not in text:
        lines.append(postal)
    if url not in text:
        lines.append(f"To opt out: {url}")
    return "\n".join([text.rstrip(), "", *lines, ""]) if lines else text


def with_html_footer(markup: str, postal: str, url: str) -> str:
    """Add the same to HTML, inside its body; ``url`` needs no escaping."""
    lines = []
    escaped = html.escape(postal)
    if postal not in markup and escaped not in markup:
        lines.append(escaped.replace("\n", "<br>"))
    if url not in markup:
        lines.append(f'<a href="{url}">Opt out</a>')
    if not lines:
        return markup
    block = f'<p style="color:#666;font-size:12px">{"<br>".join(lines)}</p>\n'
    end = max(markup.rfind("</body>"), markup.rfind("</BODY>"))
    return markup + block if end < 0 else markup[:end] + block + markup[end:]
