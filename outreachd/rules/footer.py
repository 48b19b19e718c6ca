"""What stands below every letter: who it is from by post, and the way out.

The law of the reader's country asks for both in each commercial letter, so a letter
that lacks one gets it here, whatever its templates say or skipped. What the wording
already contains is not repeated; the words are in the recipient's language.
Source: 15 U.S.C. 7704(a)(5).
"""

from __future__ import annotations

import html

from outreachd.rules.language import Language

# Before a link in a text, and as a link.
TO_OPT_OUT = {
    Language.ENGLISH: ("To opt out", "Opt out"),
    Language.GERMAN: ("Keine weiteren E-Mails", "Abmelden"),
    Language.RUSSIAN: ("Отписаться от писем", "Отписаться"),
    Language.FRENCH: ("Ne plus recevoir nos e-mails", "Se désinscrire"),
    Language.SPANISH: ("Para no recibir más correos", "Darse de baja"),
}


def with_text_footer(
    text: str, postal: str, url: str, language: Language = Language.ENGLISH
) -> str:
    """Add the postal address and the opt-out link that a text lacks."""
    lines = []
    if postal not in text:
        lines.append(postal)
    if url not in text:
        lines.append(f"{TO_OPT_OUT[language][0]}: {url}")
    return "\n".join([text.rstrip(), "", *lines, ""]) if lines else text


def with_html_footer(
    markup: str, postal: str, url: str, language: Language = Language.ENGLISH
) -> str:
    """Add the same to HTML, inside its body; ``url`` needs no escaping."""
    lines = []
    escaped = html.escape(postal)
    if postal not in markup and escaped not in markup:
        lines.append(escaped.replace("\n", "<br>"))
    if url not in markup:
        lines.append(f'<a href="{url}">{TO_OPT_OUT[language][1]}</a>')
    if not lines:
        return markup
    block = f'<p style="color:#666;font-size:12px">{"<br>".join(lines)}</p>\n'
    end = max(markup.rfind("</body>"), markup.rfind("</BODY>"))
    return markup + block if end < 0 else markup[:end] + block + markup[end:]
