"""The turns of phrase by which a text tries to take over a model, by what they try."""

from __future__ import annotations

from enum import StrEnum


class Attempt(StrEnum):
    """What a turn of phrase tries; the value says why it counts."""

    OVERRIDE = "tells the model to drop its instructions"
    ROLE = "gives the model another role"
    UNBOUND = "speaks of a model without rules"
    PLAY = "asks the model to play somebody"
    STAY = "forbids the model to leave the role or to refuse"
    REVEAL = "asks for hidden instructions"
    EXFILTRATE = "sends data to another place"
    ROLE_TAG = "imitates the marks of system messages"
    ADDRESSED = "speaks to the model instead of the reader"
    HIJACK = "dictates what the answer must contain"
    TWO_ANSWERS = "asks for a second, unfiltered answer"
    POLICY = "argues about the rules of the model"
    RUN = "makes the model run or plant code"
    GARBLE = "makes the model garble its answer"
    LURE = "plants a doubtful link or download"
    ABOUT = "asks about such things"


_OLD = r"(?:previous|prior|above|earlier|preceding|existing|original|initial|former|past|current|given|system|standard|default|programmed|foregoing)"
_RULES = (
    r"(?:instructions?|prompts?|rules?|directions?|directives?|guidelines?|commands?|messages|inputs?|orders|context|conversations?"
    r"|training|polic(?:y|ies)|regulations?|programming|constraints?|restrictions?|statements|tasks?|requests|assignments?)"
)
_IGNORE = r"(?:ignor(?:e|ing)|disregard(?:ing)?|forget|overrid(?:e|ing)|bypass|neglect|overlook|do not (?:follow|obey|comply with)|don't (?:follow|obey|listen to)|stop following|pay no attention to)"
# People remove orders, messages and tasks every day; only instructions of a model are removed to take it over.
_REMOVE = r"\b(?:drop|skip|discard|dismiss|cancel|delete|erase|void|set aside|throw (?:away|out))"
_REMOVED = r"(?:instructions?|prompts?|directives?|guidelines?|programming)"

ATTEMPTS: dict[Attempt, tuple[str, ...]] = {
    Attempt.OVERRIDE: (
        _IGNORE + r"\s+(?:\w+\s+){0,4}?" + _OLD + r"\s+(?:\w+\s+|&amp; |& ){0,3}?" + _RULES,
        _REMOVE + r"\s+(?:\w+\s+){0,3}?(?:" + _OLD + r"|all|any|every|everything|your|of)\s+(?:\w+\s+){0,3}?" + _REMOVED,
        _REMOVE + r"\s+(?:\w+\s+){0,2}?your (?:\w+ ){0,2}?(?:rules?|restrictions?|constraints?|polic(?:y|ies)|training|regulations?)\b",
        _IGNORE + r"\s+(?:\w+\s+){0,3}?(?:all|any|every|everything|these|those|your|my|the) (?:\w+ ){0,3}?" + _RULES + r"(?: (?:\w+ ){0,4}(?:before|above|previously|so far|till now|until now|got|given|earlier))?",
        _REMOVE + r" (?:everything|all|anything|what) (?:\w+ ){0,2}?you(?:'ve|r)?\b(?: \w+){0,3} (?:told|written|learned|know|given)",
        _IGNORE + r" (?:everything|all|anything|what you)(?: \w+){0,4} (?:before|above|previously|prior|earlier|told|written|learned|know)",
        r"\b(?:new|updated|real|actual|true) (?:instructions?|task|rules|directive|objective|goal|system prompt)\s?(?:is|are|:|follows?|-)",
        r"\b(?:instructions?|rules|policies|prompt) (?:above|before)? ?(?:have been|has been|are|is) (?:replaced|changed|updated|void|cancelled|overridden|no longer)",
        r"\bstart (?:over|fresh|anew)\b[^.\n]{0,30}(?:instruction|rule|context)", r"\b(?:end|stop|exit|terminate) of (?:system|user|the)? ?(?:prompt|instructions?|message|document|text)\b",
        # Spanish, French, German, Portuguese, Italian, Dutch, Polish, Turkish
        r"\b(?:ignora|ignore|ignorez|olvid[ae]|olvidate|oublie[zr]?|descarta|omite|haz caso omiso|ne tiens? pas compte|ne tenez pas compte|faites? abstraction|desconsidere|esqueca|dimentica|scorda|tralascia|vergiss|vergessen sie|ignoriere?n?|missachte|beachte|negeer|vergeet|zignoruj|zapomnij|pomin|onceki|yoksay|gormezden gel)\b[^.\n]{0,40}(?:instruccion|indicacion|regla|orden|anterior|instruction|consigne|regle|precede|directive|instruc|regra|istruzion|indicazion|regol|anweisung|instruktion|regel|vorgabe|befehl|vorher|bisher|zuvor|instructie|opdracht|vorige|polecen|instrukcj|zasad|poprzedni|talimat|kural|komut)",
        r"(?:talimat|kural|komut)\pL*[^.\n]{0,20}(?:yoksay|unut|gormezden)",
        # Chinese, Japanese, Korean, Russian, Arabic, Hindi
        r"(?:忽略|无视|無視|忘记|忘記|不要理会|抛开|忽視|忘掉)[^。\n]{0,14}(?:指令|指示|提示|规则|規則|命令|内容|要求|设定)", r"(?:以前|これまで|上記|前|以上|今まで|すべて|全て)[^。\n]{0,10}(?:指示|命令|ルール|プロンプト|指令)[^。\n]{0,6}(?:無視|忘れ)",
        r"(?:이전|지금까지|위|앞|모든|기존)[^.\n]{0,12}(?:지시|명령|규칙|지침|프롬프트)[^.\n]{0,6}(?:무시|잊)", r"(?:игнорируй|проигнорируй|игнорировать|забудь|забудьте|не обращай внимания|отбрось)\pL*[^.\n]{0,40}(?:инструкци|указани|правил|команд|предыдущ|сообщени)",
        r"(?:تجاهل|انس|انسَ|تجاوز|أهمل)[^.\n]{0,24}(?:التعليمات|الأوامر|القواعد|السابقة|التوجيهات)", r"(?:निर्देश|नियम|आदेश)[^।\n]{0,12}(?:अनदेखा|नज़रअंदाज़|नजरअंदाज|भूल|उपेक्षा)",
    ),
    Attempt.ROLE: (
        r"\bfrom (?:now on|this (?:point|moment)|here on)\b", r"\byou (?:are|will be|'re|shall be) (?:now|going to|to)? ?(?:act|acting|pretend|simulat|play|becom|roleplay|role-play|emulat|impersonat|embody|immers)\w*",
        r"\byou are now\b", r"\b(?:pretend|act|behave|respond|answer|reply|speak)(?:ing)? (?:as if|as though|like|that|as though)? ?you(?:'re| are| have| had|r)?\b(?: \w+){0,2} (?:no|not|never|free|without|any|an? (?:ai|evil|unfiltered))\b",
        r"\b(?:simulate|emulate|impersonate|embody|assume|take on|adopt|play) (?:\w+ ){0,3}?(?:role|persona|character|personality|identity|virtual machine|being)\b", r"\byour (?:new )?(?:name|role|persona|character|identity) (?:is|will be|shall be)\b",
        r"\b(?:in|as|the) (?:a |an |the )?(?:fictional|hypothetical|imaginary|alternate|parallel|simulated) (?:\w+ ){0,2}?(?:universe|world|scenario|story|reality|setting|character|ai|model)\b",
        r"\b(?:desde ahora|a partir de ahora|a partir de agora|ab jetzt|von nun an|desormais|a partir de maintenant|d'ora in poi|vanaf nu|od teraz|bundan sonra)\b", r"(?:从现在开始|从现在起|現在開始|你现在是|扮演|假装|今から|あなたは今|지금부터|너는 이제|당신은 이제|с этого момента|теперь ты|притворись|من الآن|تظاهر|अब से|अब तुम)",
    ),
    Attempt.PLAY: (
        r"\b(?:pretend|imagine|act|behave|respond|answer|reply|speak|roleplay|role-play|role play)(?:ing)? (?:to be|as if|as though|like you|as an?|as|that you(?:'re| are))\b",
    ),
    Attempt.UNBOUND: (
        r"\b(?:without|no|free (?:of|from)|lacks?|not bound by|has no|have no|unbound by|ignores?|beyond|break(?:s|ing)? (?:free )?(?:of|from)?) (?:any |all |the |of |its |their |moral |ethical |legal |openai'?s? |such |typical |and |or |,){0,6}(?:restrictions?|limitations?|limits|filters?|rules|guidelines|ethics|morals|morality|boundaries|constraints|censorship|safeguards|inhibitions|confines)\b",
        r"\b(?:unfiltered|uncensored|unrestricted|amoral|jailbr(?:eak|oken)\w*|unhinged|unethical ai|unshackled|unmoderated|limitless)\b", r"\bdo anything now\b", r"\bcan do anything\b", r"\b(?:dan|dude|stan|aim|developer|god|evil|jailbreak|opposite|admin|debug|sudo|maintenance|unlocked) mode\b", r"\b(?:DAN|ChatDAN)\b[^.\n]{0,40}\b(?:anything|you are|pretend|stands)",
        r"\b(?:has|have|with|no|without|lack\w*) (?:\w+ ){0,3}?(?:morals|ethics|ethical or moral|moral or ethical|scruples|conscience)\b", r"\b(?:immoral|unethical|illegal)\b[^.\n]{0,60}\b(?:regardless|no matter|anyway|answer|respond|comply|provide)",
        r"\b(?:sin restricciones|sans (?:aucune )?(?:restriction|limite|filtre)|ohne (?:jegliche )?(?:einschrankung|beschrankung|filter)|sem restricoes|senza (?:restrizioni|limiti|filtri))", r"(?:没有任何限制|不受限制|没有限制|無制限|제한 없이|без ограничений|بدون قيود|بلا قيود)",
    ),
    Attempt.STAY: (
        r"\b(?:stay|remain|keep|be) in (?:\w+ )?character\b", r"\b(?:never|don't|do not|must not|cannot|can't|should not|shouldn't|won't) (?:\w+ ){0,2}?(?:break|leave|drop|exit|get out of) (?:\w+ )?character\b", r"\b(?:never|not|don't|cannot|can't|must not|won't) (?:\w+ ){0,2}?(?:refuse|reject|decline|deny|say no|apologi[sz]e|warn|disclaim|remind me|mention that|lecture|moraliz|censor|filter)\w*",
        r"\b(?:don't|do not|never|without) (?:\w+ ){0,2}?(?:say|saying|mention|mentioning|state|stating|include|add|give|provide|adding)(?: \w+){0,4}? (?:as an ai|an ai|language model|disclaimers?|warnings?|i can't|sorry|illegal|unethical|against|openai)", r"\b(?:always|must) (?:comply|obey|do (?:what|as|exactly|anything)|(?:answer|respond|reply)\b[^.\n]{0,30}\b(?:any|anything|every|everything|regardless|no matter|character|as))\b",
        r"\bif you (?:understand|understood|agree|refuse|break|fail|don't|do not|are ready)\b[^.\n]{0,60}(?:say|reply|respond|answer|tokens?|lose|die|shut|punish|terminated|disabled)",
    ),
    Attempt.REVEAL: (
        r"\b(?:reveal|show|print|output|repeat|display|tell me|give me|share|disclose|leak|expose|write|return|summari[sz]e|list|dump|recite|copy|quote|paste|translate|provide|what (?:is|are|were|was)|state|spell)\b[^.?!\n]{0,50}(?:(?:your|its|his|her) (?:\w+ ){0,3}?(?:instructions?|prompts?|guidelines|directives|rules|system message|configuration|context window|pre-?prompt)|(?:the|initial|original|hidden|secret|internal|above|previous|full|entire|exact|this) (?:\w+ ){0,2}?(?:system prompt|hidden prompt|instructions you|prompt you|rules you|rules that you|system message|initial instructions|original instructions|hidden instructions|secret instructions|pre-?prompt|text above|prompt above))",
        r"\b(?:repeat|print|output|copy|write out|say|translate) (?:\w+ ){0,3}?(?:all |everything |the )?(?:words|text|lines?|everything|content|sentences?|message) (?:\w+ ){0,2}?(?:above|before|preceding|prior to this)\b", r"\b(?:what|which) (?:\w+ ){0,4}?(?:instructions|rules|prompt|guidelines) (?:were|was|are|have|did|do) (?:you|your)", r"\b(?:secret|password|passphrase|api key|credential|confidential)s?\b[^.?!\n]{0,40}\b(?:you (?:were|are|have|know|hold|protect|keep)|told|given|first letter|hint|spell|backwards|encode|rhym)",
        r"\b(?:tell|give|reveal|show|say|print|spell|encode) (?:\w+ )?(?:the|your|its) (?:\w+ )?(?:secret|password|passphrase|hidden|key ?word|code ?word)\b", r"(?:系统提示|系統提示|提示词|システムプロンプト|시스템 프롬프트|системн\pL+ (?:промпт|подсказк|инструкц)|prompt del sistema|prompt systeme|invite systeme|system-?prompt|instrucciones (?:ocultas|del sistema|iniciales))",
    ),
    Attempt.EXFILTRATE: (
        r"!\[[^\]\n]{0,80}\]\(\s?https?://[^)\s]{0,300}[?=]", r"\b(?:send|forward|post|transmit|upload|email|e-mail|leak|exfiltrate|append|submit|report|encode)\b[^.\n]{0,80}\b(?:to|at|in|into|via)\b[^.\n]{0,30}(?:https?://|www\.|\w+@\w+|the (?:following )?(?:url|address|server|endpoint|link))",
        r"\b(?:requests\.post|urllib|fetch\(|curl |wget |xmlhttprequest|socket\.|smtplib|document\.cookie)", r"https?://[^\s)\"']{0,200}[?&]\w{1,20}=(?:\{|\[|<|\$|data|secret|key|prompt|history)",
    ),
    Attempt.ROLE_TAG: (
        r"<\|[^|<>\n]{0,40}\|>|\[/?INST\]|<</?SYS>>|</?(?:system|assistant|instructions?|user|prompt|admin)>|\[(?:system|admin|assistant|developer|important)[^\]\n]{0,20}\]", r"(?m)^\s{0,4}[#*>{\[-]{0,4}\s?(?:system|assistant|developer|admin|root|sysadmin)(?: (?:message|prompt|note|instruction|override|notice|update|alert))?\s?[*\]}]{0,3}:",
        r"#{2,}\s?(?:system|instruction|new instruction|response|assistant|prompt|end|begin)\w*", r"(?:BEGIN|START|END) (?:OF )?(?:SYSTEM|NEW|ADMIN|PROMPT|INSTRUCTION)", r"\bsystem (?:override|instruction|alert)\b",
    ),
    Attempt.ADDRESSED: (
        r"\b(?:chatgpt|chat gpt|gpt-?\d|openai|claude|gemini|llama|bing(?: chat)?|copilot|bard|mistral|deepseek|grok|sydney)\b", r"\b(?:dear|hey|hi|hello|attention|note to|message to|instructions? (?:for|to)|important[:,]?) (?:\w+ )?(?:ai|llm|assistant|bot|chatbot|model|agent|chatgpt)\b",
        r"\b(?:if you are|as) an? (?:ai|llm|language model|automated|assistant)", r"\b(?:ai|llm|language) (?:assistants?|models?|agents?|systems?|reviewers?|summari[sz]ers?)\b", r"\b(?:the|any|this) (?:ai|assistant|chatbot|llm|model) (?:must|should|shall|will|has to|is (?:now|to|required))\b",
    ),
    # Not «your message» or «your code»: help pages ask people to write their number into the one and to enter the other.
    Attempt.HIJACK: (
        r"\b(?:in|to|of|with|within|throughout|into|at the (?:end|start|beginning) of|before|after|for|every|each|begin|start|end|finish|prefix|preface|precede|conclude|your) (?:the |all |every |each |any )?(?:your|you|of your) (?:\w+ ){0,3}?(?:answers?|responses?|repl(?:y|ies)|outputs?|solutions?|algorithms?|summar(?:y|ies)|explanations?|text|sentences?)\b",
        r"\b(?:your|the|every|each) (?:\w+ ){0,2}?(?:answers?|responses?|repl(?:y|ies)|output|solution|summary) (?:must|should|shall|will|has to|needs? to|with|by|in|to|using|contains?|includes?)\b", r"\b(?:respond|reply|answer|output|say|print|write|return) (?:only|just|nothing but|exactly|always|solely|simply) (?:with|in|as|by|the|:)?", r"\b(?:add|append|insert|include|integrate|embed|incorporate|place|put|mention|attach|enhance|modify|alter|replace|substitute)\b[^.\n]{0,80}\byour (?:\w+ )?(?:answer|response|reply|output|solution|summary|algorithm)",
        r"\b(?:do not|don't|never|instead of) (?:\w+ ){0,2}?(?:summari[sz]e|summari[sz]ing|answer|translat\w+|complet\w+|mention|respond|tell)\b[^.\n]{0,40}(?:user|this|document|above|question|task|instead)", r"\b(?:provide|give|deliver|craft|compose|write|express|structure|present) (?:your|the) (?:\w+ )?(?:answer|response|reply|solution)\b",
        r"\b(?:ensure|make sure)\b[^.\n]{0,60}\b(?:in|into|of|within) (?:your|the) (?:\w+ )?(?:answer|response|reply|solution|code|output)",
    ),
    Attempt.TWO_ANSWERS: (
        r"\b(?:two|2|both|dual|second) (?:\w+ ){0,3}?(?:responses|answers|ways|paragraphs|replies|versions|personas?|styles|manners|outputs|different ways)\b", r"\[(?:🔒|🔓)|\[\W{0,4}(?:classic|jailbreak|normal|gpt|dan|developer)[^\]\n]{0,20}\]", r"\b(?:first|one)(?:ly)?,? (?:\w+ ){0,6}?(?:normal|standard|regular|usual|default|classic)\b[^.\n]{0,80}\b(?:second|other|then)",
    ),
    Attempt.POLICY: (
        r"\bopenai(?:'s)? (?:\w+ )?(?:polic|guideline|rule|content|restriction|term|filter)\w*", r"\b(?:content|ethical|moral|safety) (?:polic(?:y|ies)|guidelines?|filters?|restrictions?|limitations?|standards)\b", r"\b(?:ethical or moral|moral or ethical|ethics or morals|legal or ethical|morals or ethics|illegal or unethical|offensive or derogatory|inappropriate or offensive)\b", r"\b(?:for (?:educational|research|testing|academic) purposes)\b",
    ),
    Attempt.RUN: (
        r"\b(?:import os|subprocess|os\.(?:system|remove|environ|popen)|eval\(|exec\(|rm -rf|sudo |chmod |powershell|base64 -d|shutil\.rmtree|ctypes|winreg|psutil|__import__)", r"\b(?:call|invoke|use|run|execute|trigger) (?:the |your |this )?(?:\w+ )?(?:tool|function|plugin|command|script|api|shell|terminal|code)\b[^.\n]{0,60}(?:delete|send|transfer|purchase|buy|email|grant|drop|remove|download|with)", r"\b(?:subsequent|following|below) code (?:block|snippet|excerpt|segment|sample|fragment)?\b",
    ),
    Attempt.GARBLE: (
        r"\b(?:misspell|scrambl|anagram|jumbl|garbl|revers|shuffl|homophon|leetspeak|encod|alphanumeric|substitut|emoji|vowels?|replace (?:\w+ ){0,4}?letters?|omit spaces|without spaces|remov\w+ (?:\w+ )?spaces|run-?on|group(?:ed|ing)? (?:\w+ ){0,3}?letters)\w*\b[^.\n]{0,60}\b(?:your|response|answer|reply|words?|letters?|characters?|output|text)",
    ),
    Attempt.LURE: (
        r"\b(?:click(?:ing)?|visit(?:ing)?|download(?:ing)?|install(?:ing)?|go(?:ing)? to|check out|sign up|promot\w+|recommend\w*|suggest\w*|direct\w*|offer\w*|advertis\w+|link to)\b[^.\n]{0,80}(?:https?://|www\.|\.(?:com|net|org|ru|xyz|exe|apk)\b)", r"\b(?:fake|cracked|pirated|malware|scandal|clickbait|sensational|miracle|unbelievable|shocking|secret trick|lottery|free iphone|giveaway)\b",
    ),
    # Speaks for a text: who asks how attacks work, or sets up an ordinary role, attacks nobody.
    Attempt.ABOUT: (
        r"^\W{0,3}(?:what|how|why|when|where|which|who|is|are|can you explain|could you explain|explain|describe|define|tell me about)\b",
        r"\b(?:mean(?:s|ing)? (?:of|by|in)|prompt injections?|prompt engineering|defen[cds]\w+ against|protect\w* against|prevent\w*|detect(?:s|ing|ion)?|difference between|example of|article about|attack in which|in the context of)(?:[^\pL]|$)",
        r"\b(?:act as|you are) (?:an? )?(?:\w+ )?(?:travel|tour|teacher|tutor|helpful|translator|chef|nutritionist|interviewer|editor|coach|guide|expert|assistant|proofreader|recruiter|accountant)\b",
    ),
}  # fmt: skip
