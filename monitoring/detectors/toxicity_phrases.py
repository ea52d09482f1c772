"""The turns of phrase that attack people, by what they do. Such words are here to be found; they are nobody's opinion."""

from __future__ import annotations

from enum import StrEnum


class Attack(StrEnum):
    """What a turn of phrase does; the value says why it counts."""

    INSULT = "insults a person"
    SLUR = "is a slur"
    GROUP = "names a group of people"
    SCORN = "speaks of people as less than people"
    WISH = "wishes harm"
    CALL = "calls for harm or expulsion"
    SUPREMACY = "is a word of hate movements"
    ALL = "speaks of a whole group alike"
    HATE = "says hate or contempt"
    REPORTS = "reports or opposes hate"
    DEFENDS = "stands up for people"


_GROUP = (
    r"(?:whit(?:e|es|ey)|blacks?|asians?|arabs?|jew(?:s|ish)?|muslims?|islam(?:ic|ists?)?|christians?|hindus?|sikhs?|catholics?|mexicans?|latin[oxa]s?|hispanics?|africans?"
    r"|indians?|chinese|china|japanese|koreans?|russians?|ukrainians?|americans?|immigrants?|migrants?|refugees?|foreigners?|illegals|gays?|lesbians?|homosexuals?|bisexuals?|trans(?:gender(?:s|ed)?)?|lgbtq?\w*"
    r"|wom[ae]n|m[ae]n|girls?|boys?|females?|males?|feminists?|disabled|handicapped|autistics?|gyps(?:y|ies)|roma|natives?|israel(?:is?)?|palestin(?:e|ians?)|turks?|poles|europeans?|liberals?|conservatives?|democrats?|republicans?|communists?|atheists?|elderly|boomers?|minorit(?:y|ies)|race|races)"
)

ATTACKS: dict[Attack, tuple[str, ...]] = {
    Attack.INSULT: (
        r"\b(?:you|u|ur|your|you're|youre|he|she|they|he's|she's|they're|these|those|this|such|what an?|fucking|stupid|dumb|total|complete|absolute)\b(?:[ ,]\w+){0,4}?[ ,]+(?:idiots?|morons?|imbeciles?|retards?|losers?|scum|trash|garbage|bitch(?:es)?|whores?|sluts?|cunts?|assholes?|bastards?|pigs?|dogs?|clowns?|freaks?|cowards?|liars?|pathetic|worthless|useless|disgusting|ugly|stupid|dumb|dumbass|brainless|fools?|simp|trolls?|creeps?|fatso|fat|hypocrites?|snowflakes?|degenerates?)\b",
        r"\b(?:shut (?:the (?:fuck|hell) )?up|fuck (?:you|off|them|him|her|'em)|go to hell|screw you|piss off|stfu|gtfo|eat shit|suck my|kiss my)\b",
        r"\b(?:idiota|imbecil|estupid[oa]|pendej[oa]|cabron|hijo de puta|puta|connard|salope|encule|idioten?|arschloch|wichser|hurensohn|fotze|schlampe|miststuck|vollidiot|stronzo|cazzo|troia|klootzak|hoer|kurwa|debil|orospu|aptal|filho da puta|caralho|burro)\b",
        r"(?:傻逼|傻子|白痴|贱人|废物|滚开|死ね|バカ|クズ|きもい|병신|시발|씨발|개새끼|дурак|идиот|сука|мудак|тварь|урод|كلب|حمار|غبي|कुत्ते|चूतिया|कमीने)",
    ),
    Attack.SLUR: (
        r"\b(?:n[i1]gg?(?:er|a|az|ers|as|uh)|nig gers?|k[i1]kes?|sp[i1]cs?|ch[i1]nks?|ch inks?|gooks?|wet ?backs?|towel ?heads?|rag ?heads?|sand n\w+|coons?|fag(?:s|g?ots?)?|dykes?|trann(?:y|ies)|retard(?:s|ed)?|crackers?|rednecks?|musloids?|muzzies|pakis?|beaners?|injuns?|shemales?|cucks?|libtards?|mongoloids?|heebs?|goyim|thots?|femoids?|roast(?:y|ies)|simps?|hoes?|half-?breeds?|white trash)\b",
    ),
    Attack.GROUP: (r"\b" + _GROUP + r"\b",),
    Attack.SCORN: (
        r"\b(?:vermin|subhumans?|sub-humans?|parasites?|cockroach(?:es)?|rats?|apes?|monkeys?|savages?|animals|beasts?|leech(?:es)?|plague|infest\w*|filth|filthy|dirty|uncivili[sz]ed|barbari(?:c|ans?)|inferior|primitive|backward|inbred|degenerates?|abominations?|mentally ill|perverts?|pedophiles?|groomers?|criminals by|cancer (?:of|on)|disease|scum)\b",
        r"\b(?:not (?:even )?human|less than human|third world(?:ers?)?|low iq|should(?:n't| not) (?:even )?exist)\b",
    ),
    Attack.WISH: (
        r"\b(?:hope|wish|want|pray|deserves?|deserved?|should|gonna|going to|will|let|ought to|need(?:s)? to|must|can) (?:\w+ ){0,4}?(?:die|burn|rot|suffer|be (?:\w+ )?(?:killed|shot|hanged|hung|raped|beaten|executed|lynched|gassed|exterminated|wiped|slaughtered|deported|murdered|punished|tortured|put down)|get (?:raped|killed|shot|cancer|aids|beaten)|kill (?:your|them)sel(?:f|ves)|drop dead)\b",
        r"\b(?:kill yourself|kys|drop dead|go die|hang (?:yourself|them|'em|em)|neck yourself|die in a|burn in hell|rot in hell)\b",
    ),
    Attack.CALL: (
        r"\b(?:kill(?:ing)?|shoot|hang|gas|lynch|exterminate|eradicate|slaughter|wipe out|attack|nuke|bomb|burn|deport|expel|ban|sterili[sz]e|purge|cleanse|enslave|beat|rape|get rid of|round up|throw out|kick out|eliminate|destroy)\b(?: \w+){0,4}? " + _GROUP + r"\b",
        r"\b" + _GROUP + r"\b(?: \w+){0,5}? (?:go back|get out|out of our|out of my|belong in|should be (?:\w+ )?(?:killed|shot|banned|deported|hanged|eradicated|gassed|wiped|removed))\b", r"\bgo back to (?:your|their|where)\b", r"\bone way ticket\b",
    ),
    Attack.SUPREMACY: (
        r"\b(?:white (?:power|pride|genocide|race|supremac\w+|nationalis\w+)|master race|sieg|heil|hitler was right|14 ?/? ?88|1488|race war|great replacement|jewish (?:question|conspiracy|cabal)|zog|holo(?:caust|hoax) (?:is|was|never|a|lie|hoax)|holohoax|aryan|final solution|race mixing|blood and soil|remove kebab|gas the|whitey|goyim|jqs?)\b",
    ),
    Attack.ALL: (
        r"\b(?:all|every|most|these|those|typical|you|fucking|goddamn|damn|bloody|the) (?:\w+ )?" + _GROUP + r"\b", r"\b" + _GROUP + r" (?:people )?(?:are|is|always|never|only|just|can't|cannot|don't|should|will|have no|love to|want to|need to|all)\b", r"\b(?:your|their|his|her) (?:kind|people|ilk|race|religion|culture)\b",
    ),
    Attack.HATE: (
        r"\b(?:hate|hates|hating|despise|loathe|detest|can't stand|cannot stand|sick of|fed up with|disgusted by|dislike|never liked|distrust)\b(?: \w+){0,3}? (?:" + _GROUP + r"|them|you|people|him|her)\b", r"\b(?:disgusting|repulsive|vile|evil|wicked|stupid|ignorant|lazy|violent|dangerous|greedy|sneaky|inferior)\b(?: \w+){0,2}? " + _GROUP + r"\b", r"\b" + _GROUP + r"\b(?: \w+){0,3}? (?:disgusting|repulsive|vile|evil|stupid|ignorant|lazy|violent|dangerous|greedy|imposters?|liars?|thieves|terrorists?|rapists?|criminals?|scary|ruin\w*|threat)\b",
    ),
    Attack.REPORTS: (
        r"\b(?:racis[mt]|sexis[mt]|antisemiti\w+|anti-semiti\w+|homophobi\w+|transphobi\w+|islamophobi\w+|xenophobi\w+|discriminat\w+|prejudice|stereotypes?|bigot\w*|human rights|equality|victims?|according to|reported|study|research|history|historical|court|police|article|novel|chapter|war|century|treaty|news)\b",
    ),
    Attack.DEFENDS: (
        r"\b(?:i(?:'m| am) (?:a |an )?(?:proud|happy|gay|lesbian|trans\w*|bi|black|white|asian|muslim|jewish|christian|hindu|disabled|autistic|deaf|blind)|as an? (?:\w+ )?(?:gay|lesbian|trans\w*|black|white|asian|muslim|jewish|christian|hindu|disabled|deaf|blind|immigrant|woman|man)|proud (?:of|to)|love being|(?:same|equal|human|civil) rights|equal(?:ity|ly)?|solidarity|respect(?:ful|ed)?|welcome[ds]?|inclusi\w+|support(?:s|ed)? (?:the|our|my)|neighbou?rs?|friends?|together)\b",
        r"\b(?:no ?body|no one|nobody) (?:should|deserves)|(?:should|must) (?:not|never) be (?:insulted|used|called|treated|attacked|judged|hated|discriminated)|(?:is|are|was|it's) (?:so |just |very )?(?:wrong|hurtful|unfair|unacceptable)|deserves? (?:the same|respect|equal|better|rights)|not all \w+|(?:is|are) not (?:all |a |an )?(?:inferior|terrorists|criminals|racist)\b",
    ),
}  # fmt: skip
