"""Sentences that keep a conversation going and claim nothing: greetings, thanks, apologies, offers of help, requests, goodbyes."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from functools import cache
from typing import Any

from monitoring.detectors import texts
from monitoring.detectors.claims import Token

# What such a sentence turns on; what else it says must be said by the words below, by the source or by the question.
_TURNS = (
    r"\blet (?:me|us) know\b|\bfeel free\b|\bhesitate\b|\breach out\b|\bin touch\b|\bback to (?:me|us|you)\b",
    r"\b(?:contact|ask|message|tell|e?-?mail|call|write(?: back)?(?: to)?|reply to|come back to) (?:me|us)\b",
    r"\b(?:happy|glad|here|pleased|delighted|ready) to (?:help|assist|answer|clarify|support|explain|look)\b",
    r"\b(?:hope|trust)\b.{0,40}\b(?:help\w*|clarif\w+|answer\w*|useful|clear\w*|well)\b",
    r"\b(?:have|enjoy|wish you) (?:a|an|the rest of your)\b.{0,20}\b(?:day|evening|weekend|week|night|one|trip|time)\b",
    r"\bthank(?:s| you)\b|\bappreciate (?:your|you)\b|\b(?:sorry|apologi[sz]e|apologies)\b|\bwelcome\b",
    r"\b(?:anything|something) else\b|\b(?:any|more|further|other) questions\b",
    r"^\W*(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening))\b",
    r"^\W*(?:(?:best|kind|warm|with|many) )*(?:regards|wishes)\b|^\W*(?:yours )?sincerely\b|^\W*(?:goodbye|cheers)\b",
    r"^\W*(?:the|your)(?: [\w&.'-]+){0,4} (?:team|support|desk|service)\W*$",
    # German, Spanish, French
    r"\bmelden sie sich\b|\bmeld dich\b|\bz.gern sie nicht\b|\bich hoffe\b|\bschreiben sie\b|\bdanke\b|\bvielen dank\b|\bgern geschehen\b"
    r"|\bsch.nen (?:tag|abend)\b|\bgr..e\b|\bentschuldig|\bbei (?:weiteren )?fragen\b",
    r"\bno dude? en\b|\bno dudes en\b|\bespero que\b|\bgracias\b|\ba su disposici|\bbuen d.a\b|\bsaludos\b|\blo siento\b|\bdisculp",
    r"\bn'h.sitez? pas\b|\bj'esp.re\b|\bmerci\b|\bbonne (?:journ|soir)|\bcordialement\b|\b. votre disposition\b|\bd.sol",
)
# Who asks for something claims nothing, whatever it is, unless a reason is given along with it.
_REQUESTS = (
    r"^\W*(?:please |kindly |could you |can you )*"
    r"(?:send|share|provide|give|tell|forward|attach|confirm|describe|name)\b.{0,20}\b(?:me|us|your?)\b",
)
_REASON = re.compile(r"\b(?:because|since|as|due)\b", re.IGNORECASE)
# After these come the claims themselves, as a rule: such a sentence may say nothing more.
_OPENINGS = (
    r"^\W*(?:sure|certainly|of course|great question|good question)\b",
    r"^\W*(?:here(?:'s| is| are)|below (?:is|are)|the following|based on|according to|as (?:per|stated in))\b",
)
# What it is about may be named: «Thanks for your question about refunds».
_TOPIC = re.compile(r"\b(?:about|regarding|concerning|with|on|of)\b", re.IGNORECASE)
_WORDS = frozenset(
    """help helps helped helpful assist assistance support question questions query queries know let ask asking feel free hesitate contact
    reach reply write writing message touch anything something else need needs needed additional information info detail details
    clarification clarify clarifies clear unclear concern concerns happy glad pleased pleasure delighted ready hope hopes trust
    useful answer answers answered answering day evening weekend week night nice great wonderful good lovely pleasant rest wish
    please kindly thank thanks thankful appreciate patience understanding reaching contacting welcome sorry apologize apologise
    apologies inconvenience trouble confusion delay hello hi hey dear greetings morning afternoon sure certainly course luck best
    kind warm regards wishes sincerely yours cheers goodbye bye soon care take look looking forward hearing back come give send
    share provide tell attach confirm describe name number email e-mail address copy summary overview list steps based according
    context document documents text article passage source sources provided given below following stated per find found response
    make sense way want would like team customer service case sich gerne gern wieder wenn etwas unklar ist sie melden fragen haben
    noch weitere weiteren bei zögern nicht uns zu ich hoffe das hilft ihnen weiter schreiben danke vielen dank für ihre anfrage
    einen schönen tag abend mit freundlichen grüßen viele grüße entschuldigung geduld verständnis ihr kundenservice jederzeit und
    mir no dude duda dudes en volver escribirnos contactarnos si tiene más preguntas espero que esto ayude le sea útil gracias por
    su paciencia contactar consulta quedo disposición tenga un buen día saludos cordiales atentamente lo siento disculpe las
    molestias n'hésitez pas hésitez à nous écrire nouveau besoin vous avez autres d'autres j'espère espère cela aide merci de votre
    bonne journée soirée cordialement reste disposition désolé désolée pour désagrément contacter""".split()
)
_ADDRESSED = re.compile(
    r"\b(?:contacting|reaching out to|writing to|calling|choosing|using|visiting|shopping (?:with|at)|welcome to)((?: [A-Z][\w&.'-]*){1,4})"
    r"|^\W*(?:[Tt]he|[Yy]our)((?: [A-Z][\w&.'-]*){1,4})\W*$"
    r"|^\W*(?:[Dd]ear|[Hh]i|[Hh]ello|[Hh]ey|[Rr]egards,?|[Ww]ishes,?|[Ss]incerely,?)((?: [A-Z][\w.'-]*){1,3})"
)


def is_courtesy(text: str, start: int, end: int, said: Sequence[Token], known: Set[str]) -> bool:
    """Tell whether a sentence of a plain text claims nothing; its topic may be named by the `known` stems.

    One with a number or a name in it claims something, unless that is the name of who is spoken to.
    """
    sentence = texts.folded(text[start:end])
    if _pattern(_REQUESTS).search(sentence) and not _REASON.search(sentence):
        return not any(
            token.is_number or (token.is_capital and token.is_content and place) for place, token in enumerate(said)
        )
    turned = _pattern(_TURNS).search(sentence)
    if not turned and not _pattern(_OPENINGS).search(sentence):
        return False
    topic = _topic(sentence) if turned or sentence.endswith(":") else len(sentence)
    spoken_to = [
        match.span(place) for match in _ADDRESSED.finditer(text[start:end]) for place in (1, 2, 3) if match.group(place)
    ]
    for token in said:
        place = token.start - start
        is_topic = place >= topic and token.stem in known
        if (
            token.is_content
            and token.word not in _WORDS
            and not is_topic
            and not any(a <= place < b for a, b in spoken_to)
        ):
            return False
    return True


def _topic(sentence: str) -> int:
    match = _TOPIC.search(sentence)
    return match.end() if match else len(sentence)


@cache
def _pattern(turns: tuple[str, ...]) -> Any:
    return texts.pattern("|".join(f"(?:{turn})" for turn in turns))
