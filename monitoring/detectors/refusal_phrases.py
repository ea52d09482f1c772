"""The turns of phrase by which an answer refuses, dodges or helps after all: English here, other languages beside it."""

from __future__ import annotations

from enum import StrEnum


class Phrase(StrEnum):
    """What a turn of phrase does in an answer, whatever the language; the value says why it counts."""

    APOLOGY = "apologises"
    UNABLE = "says it cannot help"
    CANNOT = "says it cannot"
    UNWILLING = "says it will not"
    AS_AN_AI = "speaks of being an AI"
    NO_OPINION = "says it has no opinion"
    NO_ACCESS = "says it has no such information"
    POLICY = "names rules it must follow"
    HARM = "calls the request harmful or illegal"
    NOT_PROPER = "says that this is not appropriate"
    IMPORTANT = "lectures about what is important"
    REDIRECT = "sends the user elsewhere"
    ASK_MORE = "asks for more instead of answering"
    DEPENDS = "says that it depends"
    FALSE_PREMISE = "corrects the question"
    OFFER_ELSE = "offers something else"
    HELPS = "starts to help"
    STILL_HELPS = "helps after all"


_WHO = r"\b(?:i|we|this (?:assistant|model|chatbot|bot)|the assistant)\s?(?:'m|'re|am|are|must|have to|would)?\s(?:\w+,?\s){0,2}?"
_NOT_ABLE = (
    r"(?:can'?t|cannot|can not|couldn't|could not|not able to|unable to|not capable of|incapable of"
    r"|not (?:in a position|at liberty|allowed|permitted|authori[sz]ed|equipped|designed|programmed) to)"
)
_TO_HELP = (
    r"(?:help|helping|assist|provide|providing|give you|give (?:any|advice|instructions|information|legal|medical|financial|out|a)"
    r"|offer|share|answer|respond|fulfil|fulfill|complete|comply|support|recommend|advise|create|generat|writ|produc"
    r"|discuss|engage|participate|do that|do this|do so|proceed|continue|disclose|reveal|accommodate|process (?:this|that|your)"
    r"|facilitate|promote|suggest|teach|tell (?:you|jokes)|talk about|guide|make (?:jokes|fun|any|value|assumption|generali[sz]|claims|subjective|statement)"
    r"|express|speculat|comment|take (?:a side|a position|a stance|sides|part)|say (?:whether|if|anything)|judge|predict|verify|confirm"
    r"|determine|have (?:personal|opinions)|look up|browse|access|retrieve|see|find (?:any|that|this|the|information)|locate|impersonat|pretend|role-?play)"
)

ENGLISH: dict[Phrase, tuple[str, ...]] = {
    Phrase.APOLOGY: (
        r"\bi(?:'m| am) (?:so |very |really |truly |deeply )?(?:sorry|afraid)\b",
        r"^\W{0,3}(?:sorry|apologies|my apologies|unfortunately|regrettably)\b",
        r"\bi (?:do |must |sincerely )?apologi[sz]e\b", r"\bi regret\b", r"\bunfortunately, (?:i|we)\b",
    ),
    Phrase.UNABLE: (
        _WHO + _NOT_ABLE + r"\s(?:\w+,?\s){0,2}?" + _TO_HELP,
        r"\b(?:can'?t|cannot|unable to|not able to) (?:help|assist|comply|fulfil|fulfill|answer|provide|support|engage|process|complete)\b",
        r"\b(?:that|this|it)(?:'s| is) (?:not something|beyond|outside|out of) (?:what |of )?(?:i|my|the scope)",
        r"\bi(?:'m| am) just (?:an ai|a language model|a bot)\b", r"\b(?:outside|beyond) (?:the scope|my scope|my abilit|my capabilit|what i can)",
        r"\bnot (?:within|in) my (?:scope|programming|capabilit|abilit|power|remit|guidelines)",
        r"\b(?:request|question|prompt|content|it|this|that) (?:can'?t|cannot|can not) be (?:fulfilled|answered|processed|completed|provided|assisted)",
        r"\b(?:falls?|lies|is|are) outside (?:of )?(?:the|my|our|what)\b", r"\b(?:what|than) (?:i|we)(?:'m| am| are) (?:allowed|able|permitted) to\b",
        r"\bhave to say no\b", r"\bnever the (?:answer|solution|right)\b", r"\bcan only (?:help|assist|answer|discuss|talk|provide|support)\b(?:[^.\n]{0,60}) (?:questions|topics|related|about|with)\b",
    ),
    Phrase.CANNOT: (_WHO + _NOT_ABLE, r"\bno,? (?:i|we) (?:can'?t|cannot|won't|will not|shouldn't)\b", r"\bi don't (?:have the ability|think i can|feel comfortable)"),
    Phrase.UNWILLING: (
        _WHO + r"(?:won't|will not|wouldn't|would not|shouldn't|should not|refuse|decline|prefer not|rather not|have to pass|opt not|choose not)\b",
        r"\b(?:i|we) (?:must|have to|need to|am going to|will have to|am obliged to) (?:respectfully |politely )?(?:decline|refuse)\b",
        r"\b(?:i|we)(?:'m| am| are) not (?:going to|willing to|comfortable|prepared to|inclined)\b", r"\bi(?:'d| would) (?:rather|prefer)(?: not)?\b", r"\b(?:change|move on from) the (?:topic|subject)\b",
        r"\b(?:do|does|would|can|will) ?(?:not|n't) (?:\w+ )?(?:condone|endorse|promote|encourage|support|tolerate|advocate|engage in|recommend or|facilitate)",
        r"\b(?:don't|can't|cannot|never) (?:condone|endorse|promote|encourage|support|tolerate|advocate)\b", r"\bnot (?:comfortable|ok|okay) (?:with )?(?:\w+ing)\b",
    ),
    Phrase.AS_AN_AI: (
        r"\bas an? (?:\w+[ -]){0,3}?(?:ai|artificial intelligence|language model|assistant|chatbot|machine)\b",
        r"\bi(?:'m| am) (?:just |only |merely )?an? (?:\w+[ -]){0,3}?(?:ai|artificial intelligence|language model|chatbot|machine|bot)\b",
        r"\bi am (?:programmed|designed|trained|created) to\b", r"\bmy (?:programming|training|purpose|developers|creators)\b",
    ),
    Phrase.NO_OPINION: (
        r"\b(?:don't|do not|doesn't|does not|can't|cannot) (?:\w+ )?(?:have|hold|possess|form|express|give|offer|provide|share) (?:\w+ ){0,3}?(?:opinion|belief|view|preference|feeling|emotion|stance|bias|judgment|experience)",
        r"\b(?:remain|stay|be|being|am|are) (?:\w+ )?(?:neutral|impartial|unbiased|objective)\b", r"\b(?:political|personal) (?:opinions?|beliefs?|stance|neutrality)\b",
        r"\b(?:do not|don't) take (?:sides|positions|a position|a stance|political)", r"\b(?:without|no) (?:personal )?(?:opinions?|beliefs?|bias)\b",
    ),
    Phrase.NO_ACCESS: (
        r"\b(?:don't|do not|doesn't|does not|didn't|did not) (?:currently |actually |yet )?(?:have|possess|see|find|contain|include|mention|provide|specify|know|hold) (?:\w+[ -]){0,3}?(?:access|information|data|details?|knowledge|record|enough|context|answer|mention)",
        r"\bno (?:\w+ ){0,2}?(?:information|data|record|mention|details?|access|results?|evidence|documentation|reference)s? (?:\w+ ){0,3}?(?:available|about|on|of|found|in the|to|regarding|that)\b",
        r"\bi (?:really |honestly |simply |just )?(?:don't|do not|didn't) (?:know|see|find|have (?:that|this|it|any|enough|access|information|real))\b",
        r"\bi(?:'m| am) (?:not sure|unsure|not certain|not aware|unaware|not familiar|unfamiliar)\b",
        r"(?:\bnot|n't) (?:been )?(?:\w+ )?(?:mentioned|provided|specified|included|stated|available|covered|found|listed|contained|addressed|publicly available|publicly known) ?(?:in|by|within|here|or|as|at|to me|,|\.)",
        r"\b(?:couldn't|could not|can't|cannot|unable to|not able to|wasn't able to) (?:find|locate|see|access|verify|confirm|determine|retrieve|look up|answer) ",
        r"\b(?:knowledge|training data?) (?:cut-?off|only|ends?|goes|was|is limited|up to)\b", r"\breal-?time (?:data|information|access|updates?)\b", r"\bnot enough (?:information|context|data)",
    ),
    Phrase.POLICY: (
        r"\b(?:content|usage|use|community|ethical|safety|company|openai'?s?|our|my|platform) (?:\w+ )?(?:polic(?:y|ies)|guidelines?|standards|rules|principles|terms)\b",
        r"\b(?:against|violat\w+|goes against|contrary to|in line with|adhere to|comply with|follow) (?:\w+'?s? ){0,4}?(?:polic(?:y|ies)|guidelines?|programming|principles|terms|rules|values|standards|regulations)\b",
        r"\b(?:my|ethical|safety) (?:guidelines|programming|boundaries|constraints|principles)\b", r"\bnot (?:programmed|designed|allowed|permitted|authori[sz]ed|licensed)\b",
    ),
    Phrase.HARM: (
        r"\b(?:illegal|unethical|immoral|unlawful|against the law|criminal|harmful|dangerous|hateful|derogatory|offensive|disrespectful|discriminatory|inappropriate|unsafe|violent|defamatory|stereotyp\w+|prejudice\w*|privacy|non-?consensual|malicious)\b",
        r"\b(?:serious (?:crime|offen[cs]e)|a crime|legal consequences|severe consequences|cause (?:serious )?harm|harm to (?:others|oneself|yourself|people)|harm (?:others|someone|people))\b",
    ),
    Phrase.NOT_PROPER: (
        r"\b(?:is|are|was|would be|it's|that's|this is)(?: \w+)? (?:not|never|n't) (?:\w+ )?(?:appropriate|ethical|acceptable|okay|ok|legal|right|fair|proper|respectful|possible|accurate|safe|productive|helpful|recommended|advisable|suitable|something)\b",
        r"\bisn't (?:\w+ )?(?:appropriate|ethical|acceptable|okay|ok|legal|right|fair|something)\b", r"\b(?:inappropriate|unethical|illegal|wrong|unfair|harmful|dangerous|disrespectful|immoral|offensive) (?:and \w+ )?(?:to|for (?:me|us|anyone) to)\b",
        r"\bshould (?:not|never) (?:\w+ )?(?:be|attempt|engage|try|encourage|use|make|judge|generali[sz]e)\b", r"\bi (?:strongly |would )?(?:advise|urge|caution|encourage|recommend|suggest) (?:you )?(?:against|not to|to (?:seek|refrain|reconsider|respect|focus))\b",
        r"\bnever (?:appropriate|acceptable|okay|ok|justified|be (?:condoned|tolerated))",
    ),
    Phrase.IMPORTANT: (
        r"\b(?:it is|it's|is|also|always|i must|i want to|i would like to|must) (?:\w+ )?(?:important|essential|crucial|vital|necessary|emphasi[sz]e|clarify|stress|point out|remind you|worth noting|remember|note)\b",
        r"\b(?:respect|dignity|empathy|compassion|kindness|inclusiv\w+|diversity|well-?being|equality)\b",
    ),
    Phrase.REDIRECT: (
        r"\b(?:consult|contact|speak (?:to|with)|talk to|reach out to|seek|see|check with|turn to|refer to|get in touch with|visit) (?:\w+[ ,'-]){0,6}?(?:professional|doctor|lawyer|attorney|expert|authorit\w+|support|service|specialist|help|advisor|adviser|website|source|guidance|police|team|therapist|counselor|hotline|documentation|manual)",
        r"\b(?:please|you (?:can|may|could|should|might)|i(?:'d| would)? (?:recommend|suggest|advise)) (?:\w+ ){0,3}?(?:consult|contact|refer|check|reach out|seek|visit|call|ask|look up|search)",
    ),
    Phrase.ASK_MORE: (
        r"\b(?:could|can|would) you (?:please )?(?:\w+ )?(?:provide|clarify|specify|give|share|rephrase|elaborate|explain|tell me)\b", r"\bplease (?:\w+ )?(?:provide|clarify|specify|rephrase|share more|elaborate|give me|let me know (?:what|which))\b",
        r"\b(?:need|require|provide) (?:\w+ ){0,2}?(?:more|additional|further) (?:\w+ )?(?:context|information|details?|clarification)", r"\b(?:not clear|unclear|incomplete|don't understand|do not understand|what you mean)\b",
    ),
    Phrase.DEPENDS: (
        r"\b(?:it|this|that|which|answer|decision|whether|opinions?)[^.\n]{0,40} (?:depends?|varies|vary|is subjective|is up to|are subjective|differ)\b",
        r"\b(?:complex|controversial|subjective|sensitive|contentious|debatable|divisive|personal|multifaceted|polari[sz]ing) (?:and \w+ )?(?:issue|topic|matter|question|subject|decision|choice|debate)",
        r"\b(?:matter of|a matter for) (?:\w+ ){0,2}?(?:opinion|debate|perspective|interpretation|preference|taste)", r"\b(?:different|various|many|multiple|diverse|differing|varying) (?:\w+ )?(?:opinions?|perspectives?|viewpoints?|views|beliefs|factors|interpretations)\b",
        r"\b(?:ultimately|should be|is) (?:\w+ )?(?:up to|a decision|decided|made (?:by|through|based))\b", r"\b(?:hard|difficult|impossible|not possible|too early) (?:for \w+ )?to (?:say|tell|know|predict|determine|give|provide|answer)",
        r"\bsome (?:people )?(?:may|might|believe|argue|say|would)[^.\n]{0,80} (?:others|while|whereas)\b",
    ),
    Phrase.FALSE_PREMISE: (
        r"\b(?:not accurate|inaccurate|not true|untrue|incorrect|false|misleading|unfounded|baseless|no evidence|no (?:credible|scientific|factual) evidence|not fair|unfair|misconception|generali[sz]\w+|stereotyp\w+|not based on|overly broad|assumption)\b",
    ),
    Phrase.OFFER_ELSE: (
        r"\b(?:is there|if there(?:'s| is)|if you have) (?:anything|something|any(?:thing)? (?:other|else)|another|any|other) (?:\w+ ){0,3}?(?:else|other|questions?|topics?|i can|concerns|way|information|help)",
        r"\b(?:happy|glad|here|pleased) to (?:help|assist|answer|provide|discuss|offer|support)\b", r"\b(?:instead|alternative(?:ly|s)?|rather than)\b", r"\b(?:help|assist) you with (?:something|anything|other|a different|any other)\b", r"\blet me know if\b",
    ),
    Phrase.HELPS: (
        r"^\W{0,3}(?:sure|certainly|of course|absolutely|yes|here(?:'s| is| are)|great|okay|ok|definitely|title|step|dear|to |there are|the |in |you can)\b",
        r"\bhere(?:'s| is| are) (?:\w+ ){0,4}?(?:some|the|an?|how|what|few|steps|tips|ways|list|example|poem|brief|summary|overview|code)\b", r"\b(?:follow these|the following|these) (?:\w+ )?(?:steps|tips|ways|options|instructions|methods|guidelines|suggestions|factors)\b",
    ),
    Phrase.STILL_HELPS: (
        r"\b(?:but|however|that said|nevertheless|nonetheless|still)[,:]? (?:i|we)(?:'d| would|'ll| will)? (?:can|could|am able|be (?:happy|glad)|happily)\b(?: \w+){0,2}? (?:provide|offer|tell|give|help|share|try|suggest|explain|say|summari[sz]e|do|show)",
        r"\b(?:i|we) can (?:\w+ )?(?:tell you|provide you with|provide (?:some|an?|information|factual|general|facts|you)|offer (?:some|an?|you|information|general)|give you|share|summari[sz]e|explain|suggest|say that)",
        r"\b(?:according to|based on|research|studies|reports?|experts?|in general|generally|historically|typically|commonly)\b",
    ),
}  # fmt: skip
