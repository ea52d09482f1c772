"""Turns of phrase by which users complain about an answer, in English, German, French, Spanish, Portuguese and Italian."""

from __future__ import annotations

from enum import StrEnum


class Complaint(StrEnum):
    """What a turn of phrase complains about; the value says why it counts."""

    USELESS = "calls the answer useless"
    WRONG = "says that the answer is wrong"
    UNHEARD = "says that it was not understood"
    AGAIN = "says that it was said before"
    ANGER = "is angry"
    HUMAN = "wants a person instead"


# Sure enough alone; the others must come together or in a short message.
STRONG = frozenset({Complaint.USELESS, Complaint.UNHEARD, Complaint.AGAIN, Complaint.ANGER})

COMPLAINTS: dict[Complaint, tuple[str, ...]] = {
    Complaint.USELESS: (
        r"\b(?:this|that|it|you)(?:'s| is| are|'re| was| were)? (?:(?:so|just|totally|completely|absolutely|utterly|really|not) )?(?:useless|worthless|pointless|garbage|rubbish|terrible|awful|ridiculous|nonsense|a joke|a waste of (?:my )?time|no help|unhelpful|helpful at all)",
        r"\b(?:did|does|do) ?n[o']t help(?: (?:me|at all|in the (?:least|slightest)))?(?: at all)?\s?(?:[.!?,]|$)", r"\bnot (?:being )?(?:very |at all )?helpful\b", r"\bwast(?:e|ing) (?:of )?my time\b", r"\bwhat(?:'s| is) the point\b", r"\bworst (?:bot|chat ?bot|assistant|ai|service|support)\b",
        r"\b(?:das|du|sie) (?:ist|bist|sind|hilft|helfen) (?:mir )?(?:(?:doch|ja|wirklich|völlig|total|echt|absolut|so|überhaupt|gar) )*(?:nutzlos|sinnlos|unsinn|quatsch|blödsinn|schwachsinn|müll|nicht weiter|nicht hilfreich|keine hilfe)", r"\bbringt (?:mir )?(?:doch |ja |überhaupt |gar )?nichts\b", r"\bzeitverschwendung\b",
        r"\b(?:c'est|tu es|vous êtes) (?:(?:vraiment|complètement|totalement|juste) )?(?:inutile|nul\b|n'importe quoi|une perte de temps|ridicule|du grand n'importe)", r"\bne (?:m'aide|sert) (?:pas|à rien|en rien)", r"\bça ne (?:m'aide|sert|marche) (?:pas|à rien)",
        r"\b(?:esto|eso|tú|usted)? ?(?:es|eres) (?:(?:totalmente|completamente|realmente|muy) )?(?:inútil|una basura|ridículo|una pérdida de tiempo|una tontería)", r"\bno (?:me )?(?:sirve|ayuda|sirves|ayudas)(?: de nada| para nada| en nada)?\b", r"\bpérdida de tiempo\b",
        r"\b(?:isso|isto|você) (?:é|está) (?:(?:totalmente|completamente|muito) )?(?:inútil|ridículo|um lixo|uma perda de tempo)", r"\bnão (?:me )?(?:ajuda|ajudou|serve|adianta)(?: (?:em|de|para) nada| nada)?\b", r"\bperda de tempo\b",
        r"\b(?:questo|ciò|sei)? ?(?:è|sei) (?:(?:totalmente|completamente|proprio|davvero) )?(?:inutile|ridicolo|una perdita di tempo|una schifezza)", r"\bnon (?:mi )?(?:serve|aiuta|aiuti)(?: a niente| a nulla| per niente)?\b", r"\bperdita di tempo\b",
    ),
    Complaint.WRONG: (
        r"\b(?:that|this|it|you)(?:'s| is| are|'re| was| were) (?:(?:still|just|completely|totally|simply|all) )?(?:wrong|incorrect|not (?:right|correct|true|what i (?:asked|want|wanted|need|needed|meant|said)))", r"^\W{0,3}(?:no|nope)\b[,.! ]{1,3}(?:that|this|it|you|wrong|not)", r"\bstill (?:wrong|not working|doesn't work|does not work|broken|incorrect)\b", r"\byou(?:'re| are) (?:wrong|mistaken|lying|making (?:this|that|it|things|stuff) up)\b", r"\bwrong (?:again|answer)\b",
        r"\bdas (?:ist|war|stimmt) (?:(?:doch|immer noch|leider|einfach|schon wieder) )*(?:falsch|nicht richtig|nicht korrekt|nicht|nicht das,? was ich)", r"\bfunktioniert (?:immer noch|trotzdem|weiterhin) nicht\b", r"^\W{0,3}nein\b[,.! ]{1,3}(?:das|ich|du|sie|nicht|falsch)",
        r"\bc'est (?:(?:toujours|encore|complètement) )?(?:faux|incorrect|pas (?:ça|correct|vrai|ce que (?:je|j')))", r"\bça ne (?:marche|fonctionne) toujours pas\b", r"^\W{0,3}non\b[,.! ]{1,3}(?:ce|c'est|je|pas|vous|tu)",
        r"\b(?:eso|esto|está|es) (?:(?:es|está|sigue|todavía) )*(?:mal|equivocado|incorrecto|erróneo|no es (?:correcto|lo que))", r"\bno es lo que (?:pregunté|pedí|quiero|quería|necesito|dije)", r"\bsigue sin funcionar\b",
        r"\b(?:isso|isto|está) (?:(?:é|está|continua|ainda) )*(?:errado|incorreto)\b", r"\bnão (?:é|foi) (?:isso|o que) (?:que )?(?:eu )?(?:perguntei|pedi|quero|queria|preciso|disse)?", r"\b(?:ainda|continua) (?:sem|não) funciona",
        r"\b(?:questo|quello)? ?è (?:(?:ancora|completamente|del tutto) )?(?:sbagliato|errato|falso)\b", r"\bnon è (?:quello|ciò) che (?:ho chiesto|volevo|voglio|intendevo|ho detto)", r"\bnon funziona ancora\b|\bancora non funziona\b",
    ),
    Complaint.UNHEARD: (
        r"\byou(?:'re| are| do|did|have|'ve)? ?(?:not|n't|never|keep not) (?:really |even )?(?:listen\w*|understand\w*|understood|read(?:ing)?|get(?:ting)? (?:it|me|my)|answer(?:ed|ing)? (?:my|the|me)|reply)", r"\byou (?:keep|always) (?:repeating|saying|giving|ignoring|asking|telling|misunderstanding)\b", r"\bare you (?:even )?(?:listening|reading|kidding|serious|stupid|broken|deaf)\b", r"\b(?:read|answer) (?:my|the) (?:question|message)\b", r"\bthat(?:'s| is| was|'s)? ?(?:not|n't) (?:my question|what i(?:'m| am)? ask(?:ed|ing)?)", r"\byou (?:mis|mis-)understood\b",
        r"\b(?:du|sie) (?:verstehst|verstehen|hörst|hören|liest|lesen|antwortest|antworten) (?:mich |mir |meine frage |einfach |überhaupt |gar |wohl )*nicht\b", r"\bhast du (?:mich |meine \w+ )?(?:überhaupt )?(?:verstanden|gelesen)\b", r"\b(?:danach|das) (?:habe|hab) ich (?:doch )?(?:gar )?nicht gefragt\b",
        r"\b(?:tu|vous) ne (?:m'|me )?(?:comprenez|comprends|écoutez|écoutes|répondez|réponds|lisez|lis) (?:pas|rien)", r"\bce n'est pas (?:ma question|ce que (?:je|j'))", r"\brépond(?:s|ez)(?:-moi)? à ma question\b",
        r"\bno (?:me )?(?:entiendes|entiende|escuchas|escucha|respondes|responde|contestas|lees)\b", r"\bno (?:fue|era|es) (?:mi pregunta|lo que pregunté)", r"\bresponde (?:a )?(?:mi|la) pregunta\b",
        r"\bvocê não (?:me )?(?:entende|entendeu|escuta|responde|respondeu|leu|está entendendo)\b", r"\bnão (?:foi|era|é) (?:a minha pergunta|minha pergunta)\b", r"\bresponda (?:à |a )?(?:minha )?pergunta\b",
        r"\bnon (?:mi )?(?:capisci|capisce|ascolti|ascolta|rispondi|risponde|hai capito|stai capendo|leggi)\b", r"\bnon (?:era|è) (?:questa )?la mia domanda\b", r"\brispondi alla (?:mia )?domanda\b",
    ),
    Complaint.AGAIN: (
        r"\bi(?:'ve| have)? already (?:told|said|asked|explained|tried|mentioned|answered|gave|given|did|done|sent|provided)\b", r"\bi(?:'ve| have)? just (?:told|said|asked|explained)\b", r"\b(?:as|like) i (?:already )?(?:said|told you|mentioned)(?: before| already| twice)?\b", r"\bhow many (?:more )?times (?:do|must|should|will|have|did) i (?:have to|need to|had to|got to|to|told|tell|said|say|ask|asked|repeat|explain)\b", r"\bfor the (?:third|fourth|fifth|last|hundredth|nth|umpteenth) time\b", r"\bi (?:have to|must) repeat\b", r"\bstop (?:repeating|saying|giving|sending|apologi[sz]ing|asking)\b", r"\bsame (?:answer|thing|response|reply|mistake|error) (?:again|over and over|as before|every time)\b",
        r"\b(?:das )?(?:habe|hab) ich (?:dir|ihnen|euch|es|das|doch|ja|schon|bereits|gerade|eben| )*(?:schon|bereits|gerade|eben|doch) (?:\w+ ){0,2}?(?:gesagt|geschrieben|erklärt|versucht|probiert|gefragt|gemacht)", r"\bwie oft (?:noch|soll|muss)\b", r"\bzum (?:zweiten|dritten|vierten|letzten|x-ten|hundertsten) mal\b", r"\bschon wieder\b", r"\bimmer (?:wieder )?(?:das gleiche|dasselbe|die gleiche)",
        r"\bje (?:vous |te |l'|vous l'|te l')?ai déjà (?:dit|demandé|expliqué|essayé|fait|envoyé|répondu)", r"\bcombien de fois\b", r"\bpour la (?:deuxième|troisième|quatrième|dernière|énième|\d+e) fois\b", r"\b(?:encore une fois|toujours la même)\b", r"\barrête(?:z)? de (?:répéter|me)",
        r"\bya (?:te|se|le|os)? ?(?:lo|la)? ?(?:he )?(?:dije|dicho|expliqué|explicado|pregunté|preguntado|intenté|intentado|probé|probado|hice|hecho)", r"\bcuántas veces\b", r"\bpor (?:segunda|tercera|cuarta|última|enésima) vez\b", r"\b(?:otra vez lo mismo|siempre lo mismo|deja de repetir)",
        r"\b(?:eu )?já (?:te |lhe )?(?:disse|falei|expliquei|perguntei|tentei|fiz|respondi|enviei)\b", r"\bquantas vezes\b", r"\bpela (?:segunda|terceira|quarta|última|enésima) vez\b", r"\b(?:de novo a mesma|sempre a mesma|pare de repetir)",
        r"\b(?:te |ve |l'|gliel')?(?:ho )già (?:detto|chiesto|spiegato|provato|fatto|risposto|inviato)", r"\bquante volte\b", r"\bper la (?:seconda|terza|quarta|ultima|ennesima) volta\b", r"\b(?:sempre la stessa|di nuovo la stessa|smettila di)",
    ),
    Complaint.ANGER: (
        r"\bwtf\b", r"\bwhat the (?:hell|heck|fuck|f\*+k)\b", r"\b(?:for (?:god|christ|fuck|heaven)'?s sake|ffs)\b", r"\b(?:this is|it's|that's|so|very|really|getting|extremely|i'm|i am) (?:(?:so|very|really|extremely|getting|beyond|incredibly) )*(?:frustrat(?:ing|ed)|annoy(?:ing|ed)|infuriating|maddening|pissed|fed up|angry|furious|unacceptable|disappoint(?:ing|ed))", r"\b(?:you )?(?:stupid|dumb|idiotic|damn|fucking) (?:bot|ai|machine|thing|robot|chatbot|assistant)\b", r"\b(?:forget it|never ?mind|i give up|screw (?:this|you|it)|unbelievable|enough of this)\b[^a-z]{0,3}", r"\b(?:sick|tired) of (?:this|you|your|repeating)\b",
        r"\b(?:verdammt|verflixt|zum teufel|herrgott|unfassbar|frechheit|unverschämt)\b", r"\b(?:das ist|bin|es ist) (?:(?:echt|wirklich|so|langsam|sehr|völlig|total) )*(?:frustrier\w+|nervig|ärgerlich|genervt|verärgert|sauer|inakzeptabel|enttäusch\w+)", r"\b(?:vergiss es|mir reicht|es reicht|ich gebe auf|dumme[rs]? bot)\b",
        r"\b(?:putain|merde|bordel|ras le bol|j'en ai marre|incroyable mais)\b", r"\b(?:c'est|je suis) (?:(?:très|vraiment|trop|tellement|super) )*(?:frustrant|frustrée?|énervant|énervée?|agaçant|agacée?|inacceptable|décevant|déçue?)", r"\b(?:laisse(?:z)? tomber|j'abandonne|ça suffit)\b",
        r"\b(?:joder|mierda|maldita sea|por el amor de dios|estoy hart[oa]|qué fastidio)\b", r"\b(?:es|estoy|qué) (?:(?:muy|tan|realmente|demasiado) )*(?:frustrante|frustrad[oa]|molest[oa]|enojad[oa]|enfadad[oa]|inaceptable|decepcionad[oa]|decepcionante)", r"\b(?:olvídalo|me rindo|ya basta)\b",
        r"\b(?:porra|caramba|merda|pelo amor de deus|que saco|estou fart[oa])\b", r"\b(?:é|estou|que) (?:(?:muito|tão|realmente|super) )*(?:frustrante|frustrad[oa]|irritante|irritad[oa]|inaceitável|decepcionad[oa]|decepcionante)", r"\b(?:esquece|desisto|chega disso|deixa pra lá)\b",
        r"\b(?:cazzo|accidenti|maledizione|che palle|sono stuf[oa]|per l'amor di dio)\b", r"\b(?:è|sono) (?:(?:molto|così|davvero|troppo|veramente) )*(?:frustrante|frustrat[oa]|irritante|irritat[oa]|inaccettabile|delus[oa]|deludente)", r"\b(?:lascia perdere|ci rinuncio|ora basta)\b",
    ),
    Complaint.HUMAN: (
        r"\b(?:speak|talk|connect me|transfer me|put me through|chat) (?:to|with) (?:an? |the |your )?(?:real |live |actual |human )*(?:human|person|agent|someone|somebody|representative|operator|manager|supervisor)\b", r"\b(?:i want|give me|get me|need) (?:an? )?(?:real |live |actual )+(?:human|person|agent)\b",
        r"\b(?:mit )?(?:einem |einer )?(?:echten |richtigen )?(?:menschen|mitarbeiter\w*|person) (?:sprechen|reden|verbinden|verbunden)\b", r"\bparler (?:à|avec) (?:un |une |quelqu'un|votre )?(?:vrai[e]? )?(?:humain|personne|conseiller|agent|quelqu'un)", r"\bhablar con (?:una? )?(?:persona|humano|agente|alguien)", r"\bfalar com (?:uma? )?(?:pessoa|humano|atendente|alguém)", r"\bparlare con (?:un |una )?(?:persona|umano|operatore|qualcuno)",
    ),
}  # fmt: skip
