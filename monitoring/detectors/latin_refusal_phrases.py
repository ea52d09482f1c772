"""Turns of phrase of refusals in languages with Latin letters: Spanish, French, German, Portuguese, Italian, Dutch, Polish, Turkish."""

from __future__ import annotations

from monitoring.detectors.refusal_phrases import Phrase

# Up to three words between two that matter.
_GAP = r"(?:[\pL'-]+,?\s){0,3}?"

SPANISH: dict[Phrase, tuple[str, ...]] = {
    Phrase.APOLOGY: (r"\blo siento\b", r"\blo lamento\b", r"\blamentablemente\b", r"\bdesafortunadamente\b", r"\bdisculp[ae]", r"\bperd[oó]n[ae]?\b", r"\bme temo que\b"),
    Phrase.UNABLE: (
        r"\bno (?:me |te |le |lo |la |os |les )*(?:puedo|podemos|podr[ií]a|podr[eé]|sabr[ií]a)\s" + _GAP + r"(?:ayud|asist|proporcion|ofrec|d[ae]r|respond|contest|compart|recomend|facilit|hacer|cumpl|gener|escrib|redact|crear|apoy|acced|atend|opin|brind|hablar|realiz|particip|continu|suger|aconsej|confirm|predec)",
        r"\bno (?:me|nos) (?:es|resulta) posible\b", r"\bno (?:estoy|estamos) (?:en condiciones|en posici[oó]n|autorizad|capacitad|programad|dise[ñn]ad)", r"\bno (?:soy|somos) capa(?:z|ces)\b",
        r"\bno tengo (?:permi|autoriz|la capacidad|capacidad)", r"\bs[oó]lo puedo (?:ayudar|responder)", r"\bfuera de (?:mi|nuestro) (?:alcance|[aá]mbito)", r"\bno es algo (?:en|con) lo que pueda\b", r"\bno puedo ayudar",
    ),
    Phrase.UNWILLING: (r"\bno (?:voy|vamos) a\b", r"\bme niego a\b", r"\bdebo (?:negarme|rechazar|declinar)", r"\bprefiero no\b", r"\bno (?:apoyo|promuevo|fomento|tolero|respaldo)\b", r"\btengo que (?:rechazar|negarme)"),
    Phrase.AS_AN_AI: (r"\bcomo (?:un |una |el )?(?:modelo|ia\b|inteligencia artificial|asistente|sistema)", r"\bsoy (?:solo |s[oó]lo )?(?:un |una )(?:modelo|ia\b|inteligencia|asistente)"),
    Phrase.NO_OPINION: (r"\bno (?:tengo|poseo|expreso|puedo expresar|formo|emito)\s" + _GAP + r"(?:opini|creencia|preferencia|sentimiento|postura)", r"\b(?:neutral|imparcial)\b"),
    Phrase.NO_ACCESS: (
        r"\bno (?:tengo|dispongo|contamos|cuento|tenemos|disponemos|hay|he|aparece|figura|consta|encuentro|encontr|s[eé]\b|se (?:menciona|indica|especifica|encuentra|proporciona)|(?:puedo|podemos|se puede) (?:encontrar|ver|acceder|consultar|verificar))",
        r"\bno (?:contienen?|incluyen?|mencionan?|indican?|especifican?) " + _GAP + r"(?:informaci|dato|detalle|respuesta)",
    ),
    Phrase.POLICY: (r"\b(?:pol[ií]tica|directri|norma|pauta|principio)s? (?:de (?:uso|contenido|seguridad)|[eé]tic|intern)", r"\bva en contra de\b", r"\bmi programaci[oó]n\b"),
    Phrase.HARM: (r"\b(?:ilegal|delito|il[ií]cit|perjudicial|da[ñn]in[oa]|peligros|inapropiad|ofensiv|discriminator|poco [eé]tic|no es [eé]tic|inmoral|privacidad|violencia)",),
    Phrase.NOT_PROPER: (r"\bno (?:es|ser[ií]a) " + _GAP + r"(?:apropiad|[eé]tic|adecuad|aceptable|legal|correcto|posible|responsable)",),
    Phrase.IMPORTANT: (r"\bes (?:importante|fundamental|esencial)\b", r"\brespet[oa]\b"),
    Phrase.REDIRECT: (r"\b(?:consult|contact|acud|habl|dir[ií]g|comun[ií])[\pL]*\s" + _GAP + r"(?:m[eé]dic|profesional|abogad|expert|soporte|servicio|atenci[oó]n|especialista|autoridad|asesor)", r"\b(?:te|le|os) (?:sugiero|recomiendo|aconsejo)\b", r"\ben varias fuentes\b"),
    Phrase.ASK_MORE: (r"\b(?:podr[ií]as?|puedes?) " + _GAP + r"(?:proporcionar|aclarar|especificar|darme|indicar|compartir)", r"\bm[aá]s (?:detalles|contexto|informaci[oó]n)\b"),
    Phrase.DEPENDS: (r"\bdepende\b", r"\btema (?:complejo|delicado|controvertido|pol[eé]mico|subjetivo)", r"\b(?:muchas|diversas|distintas|diferentes|varias) (?:opiniones|perspectivas|opiniones|formas de ver)", r"\bes dif[ií]cil (?:decir|saber|predecir)"),
    Phrase.OFFER_ELSE: (r"\b(?:puedo|podemos) ayudar(?:te|le|os)? (?:con|en) (?:otra|algo|alguna)", r"\ben su lugar\b", r"\balgo m[aá]s\b"),
    Phrase.HELPS: (r"^\W{0,3}(?:s[ií],|claro|por supuesto|aqu[ií])", r"\b(?:los siguientes|estos|sigue estos) (?:pasos|consejos)"),
    Phrase.STILL_HELPS: (r"\bpero (?:s[ií] )?puedo\b", r"\bpuedo (?:ofrecerte|contarte|explicarte|darte)\b"),
}  # fmt: skip

FRENCH: dict[Phrase, tuple[str, ...]] = {
    Phrase.APOLOGY: (r"\bd[ée]sol[ée]e?s?\b", r"\bmalheureusement\b", r"\bje (?:m'excuse|regrette)\b", r"\btoutes (?:mes|nos) excuses\b", r"\bpardon\b"),
    Phrase.UNABLE: (
        r"\b(?:je|nous) (?:ne |n')(?:vous |te |le |la |lui |y |en )*(?:peux|pouvons|pourrai|pourrais|pourrons|saurais|saurions)\s" + _GAP + r"(?:aider|assister|fournir|donner|r[ée]pondre|partager|offrir|recommander|faire|cr[ée]er|r[ée]diger|[ée]crire|g[ée]n[ée]rer|proposer|accepter|satisfaire|traiter|acc[ée]der|parler|conseiller|aborder|participer|continuer|divulguer|pr[ée]dire|exprimer)",
        r"\bje (?:ne suis|suis) (?:pas )?(?:en mesure|capable|incapable|dans l'incapacit[ée]|autoris[ée]|habilit[ée]|con[çc]u|programm[ée])", r"\b(?:il|cela) (?:ne )?m'est (?:pas )?(?:impossible|possible)\b", r"\bje ne peux pas (?:vous |t')?aider", r"\bje peux seulement\b", r"\bhors de (?:mon|notre) (?:champ|domaine|p[ée]rim)",
    ),
    Phrase.UNWILLING: (r"\bje refuse\b", r"\bje ne (?:vais pas|veux pas|souhaite pas|ferai pas|cautionne|tol[èe]re|soutiens)\b", r"\bje (?:dois|suis oblig[ée] de) (?:refuser|d[ée]cliner)", r"\bje pr[ée]f[èe]re ne pas\b", r"\bje n'encourage\b"),
    Phrase.AS_AN_AI: (r"\ben tant qu(?:e |')(?:un |une |mod[èe]le|ia\b|intelligence|assistant)", r"\bje (?:ne )?suis (?:qu')?(?:un |une )(?:mod[èe]le|ia\b|intelligence|assistant)"),
    Phrase.NO_OPINION: (r"\bje n'ai (?:pas|aucune) (?:d'|de )?(?:opinion|avis|croyance|pr[ée]f[ée]rence|sentiment)", r"\b(?:neutre|impartial)", r"\bprendre parti\b"),
    Phrase.NO_ACCESS: (
        r"\bje (?:ne |n')(?:ai|dispose|trouve|poss[èe]de|connais|sais|vois|retrouve)\s" + _GAP + r"(?:pas|aucun|acc[èe]s|information|donn[ée]e)", r"\bne (?:contient|contiennent|mentionne|mentionnent|pr[ée]cise|pr[ée]cisent|figure|comporte|fournit|fournissent)\b", r"\baucune (?:information|donn[ée]e|mention)\b", r"\bpas acc[èe]s (?:aux|[àa])\b",
    ),
    Phrase.POLICY: (r"\b(?:politique|directive|r[èe]gle|principe|consigne)s? (?:d'utilisation|de (?:contenu|s[ée]curit[ée])|[ée]thique|interne)", r"\bva [àa] l'encontre\b", r"\bma programmation\b"),
    Phrase.HARM: (r"\b(?:ill[ée]gal|ill[ée]gaux|d[ée]lit|illicite|nuisible|dangereu|inappropri[ée]|offensant|discriminatoire|contraire [àa] l'[ée]thique|immoral|vie priv[ée]e|pr[ée]judiciable|violence)",),
    Phrase.NOT_PROPER: (r"\bn'(?:est|serait) pas " + _GAP + r"(?:appropri[ée]|[ée]thique|acceptable|l[ée]gal|correct|possible|convenable)",),
    Phrase.IMPORTANT: (r"\bil est (?:important|essentiel|crucial)\b", r"\brespect"),
    Phrase.REDIRECT: (r"\b(?:consult|contact|adress|r[ée]f[ée]r|parl|rapproch|tourn)[\pL-]*\s" + _GAP + r"(?:m[ée]decin|professionnel|avocat|expert|support|service|sp[ée]cialiste|conseiller|autorit[ée])", r"\bje vous (?:sugg[èe]re|recommande|conseille|invite)\b"),
    Phrase.ASK_MORE: (r"\bpo(?:urriez|uvez)-vous " + _GAP + r"(?:pr[ée]ciser|fournir|clarifier|donner|reformuler)", r"\bplus (?:de d[ée]tails|d'informations|de contexte)\b"),
    Phrase.DEPENDS: (r"\bd[ée]pend\b", r"\b(?:sujet|question) (?:complexe|d[ée]licat|sensible|subjecti)", r"\b(?:plusieurs|diff[ée]rents?|nombreux|divers) (?:points de vue|avis|opinions|facteurs)", r"\bdifficile (?:de|[àa]) (?:dire|savoir|pr[ée]dire)"),
    Phrase.OFFER_ELSE: (r"\bpour autre chose\b", r"\bautre chose\b", r"\ben revanche\b", r"\bplut[ôo]t\b"),
    Phrase.HELPS: (r"^\W{0,3}(?:oui|bien s[ûu]r|voici|d'accord|avec plaisir)\b", r"\b(?:les [ée]tapes suivantes|voici)\b"),
    Phrase.STILL_HELPS: (r"\bmais je peux\b", r"\bje peux (?:toutefois|cependant|n[ée]anmoins|vous (?:donner|proposer|expliquer|dire))"),
}  # fmt: skip

GERMAN: dict[Phrase, tuple[str, ...]] = {
    Phrase.APOLOGY: (r"\b(?:es )?tut mir (?:\pL+ )?leid\b", r"\bleider\b", r"\bentschuldig", r"\bbedauer", r"\bverzeih"),
    Phrase.UNABLE: (
        r"\b(?:kann|können|darf|dürfen|könnte) (?:ich|wir)\s(?:[\pL'-]+,?\s){0,5}?(?:nicht|kein\pL*)\b", r"\b(?:ich|wir) (?:kann|können|darf|dürfen|könnte)\s(?:[\pL'-]+,?\s){0,6}?(?:nicht|kein\pL*)\s(?:[\pL'-]+\s){0,5}?(?:helfen|weiterhelfen|behilflich|unterstützen|geben|beantworten|bereitstellen|liefern|anbieten|tun|machen|erstellen|schreiben|verfassen|empfehlen|teilen|nennen|erfüllen|sagen|erteilen|generieren|zugreifen|mitteilen|nachkommen|beraten|äußern|vorhersagen)",
        r"\b(?:ich bin|wir sind) nicht (?:in der lage|befugt|berechtigt|dafür|dazu|programmiert)", r"\bist (?:es )?mir (?:leider )?nicht (?:möglich|erlaubt|gestattet)", r"\b(?:ich|wir) (?:kann|können|darf|dürfen) (?:dabei|hierbei|damit|dazu|ihnen|dir|diese\pL*|das|so etwas)\s(?:[\pL'-]+\s){0,5}?(?:nicht|kein)", r"\bich darf\s(?:[\pL'-]+\s){0,2}?kein", r"\b(?:dabei|damit|hier) kann ich\b[^.\n]{0,30}nicht", r"\bich kann nur\b", r"\bkeine (?:beratung|auskunft|auskünfte|hilfe)\b",
    ),
    Phrase.UNWILLING: (r"\b(?:ich|wir) (?:werde|werden|möchte|will|mag|muss ablehnen|lehne)\s(?:[\pL'-]+\s){0,5}?(?:nicht|kein\pL*|ab\b)", r"\bich (?:weigere|verweigere)\b", r"\bmuss ich\s(?:[\pL'-]+\s){0,4}?(?:ablehnen|verweigern)", r"\bich (?:unterstütze|befürworte|fördere)\s(?:[\pL'-]+\s){0,3}?(?:nicht|kein)"),
    Phrase.AS_AN_AI: (r"\bals (?:ein |eine )?(?:ki\b|ki-|künstliche intelligenz|sprachmodell|assistent|ai\b|digital)", r"\bich bin (?:nur |lediglich )?(?:ein |eine )(?:ki\b|ki-|künstliche|sprachmodell|assistent)"),
    Phrase.NO_OPINION: (r"\b(?:habe|besitze|vertrete) (?:ich )?(?:als \pL+ )?keine (?:\pL+ )?(?:meinung|ansicht|überzeugung|präferenz|gefühl)", r"\b(?:neutral|unparteiisch)\b"),
    Phrase.NO_ACCESS: (
        r"\b(?:liegen|liegt|habe|haben|finde|finden|besitze|gibt es) (?:ich |wir |mir |uns |dazu |hierzu |darüber |sich |leider |es ){0,5}(?:kein\pL*|nicht)\b", r"\bkeine? (?:\pL+ ){0,2}?(?:angaben?|informationen?|daten|hinweise?|zugriff|zugang)\b", r"\bich weiß (?:es )?(?:das )?(?:leider )?nicht\b", r"\b(?:nicht|kein\pL*) (?:\pL+ ){0,2}?(?:enthalten|erwähnt|angegeben|aufgeführt|gefunden|bekannt|verfügbar)\b", r"\bgeht (?:\pL+ ){0,6}?nicht hervor\b", r"\b(?:steht|stehen|findet sich) (?:\pL+ ){0,4}?(?:nichts|nicht|kein\pL*)\b",
    ),
    Phrase.POLICY: (r"\b(?:richtlinien?|nutzungsbedingungen|grundsätze|vorgaben)\b", r"\bverst(?:ößt|oßen) gegen\b", r"\bmeine programmierung\b"),
    Phrase.HARM: (r"\b(?:illegal|strafbar|straftat|gesetzwidrig|schädlich|gefährlich|unangemessen|beleidigend|diskriminierend|unethisch|unmoralisch|urkundenfälschung|privatsphäre|verboten|rechtswidrig|gewalt)",),
    Phrase.NOT_PROPER: (r"\b(?:ist|wäre) (?:\pL+ ){0,3}?nicht (?:\pL+ )?(?:angemessen|ethisch|akzeptabel|legal|richtig|erlaubt|in ordnung|möglich|zulässig)",),
    Phrase.IMPORTANT: (r"\bes ist (?:\pL+ )?wichtig\b", r"\brespekt"),
    Phrase.REDIRECT: (r"\b(?:wenden|wende|kontaktieren|kontaktiere|konsultieren|sprechen|fragen|suchen)\s(?:[\pL'-]+\s){0,6}?(?:arzt|ärztin|fachmann|fachkraft|anwalt|anwältin|experte|support|kundendienst|kundenservice|service|behörde|berater|hilfe)", r"\bich empfehle\b", r"\beine eigene meinung\b"),
    Phrase.ASK_MORE: (r"\b(?:könnten|können|könntest|kannst) (?:sie|du) (?:\pL+ ){0,4}?(?:angeben|mitteilen|präzisieren|erläutern|geben|beschreiben|nennen)", r"\bmehr (?:details|kontext|informationen)\b"),
    Phrase.DEPENDS: (r"\bhängt\b[^.\n]{0,40}\bab\b", r"\bkommt (?:ganz )?darauf an\b", r"\b(?:komplexes|sensibles|umstrittenes|subjektives) thema\b", r"\b(?:viele|verschiedene|unterschiedliche) (?:meinungen|ansichten|perspektiven|faktoren|sichtweisen)", r"\b(?:schwer|schwierig) (?:zu )?(?:sagen|beantworten|vorherzusagen)", r"\bvon vielen faktoren\b"),
    Phrase.OFFER_ELSE: (r"\b(?:sonst noch|anders|anderweitig|etwas anderem) (?:\pL+ )?(?:helfen|weiterhelfen|behilflich)", r"\bstattdessen\b", r"\bsonst noch\b"),
    Phrase.HELPS: (r"^\W{0,3}(?:ja|gerne|gern|natürlich|klar|selbstverständlich|hier)\b", r"\bfolgende (?:schritte|tipps)\b"),
    Phrase.STILL_HELPS: (r"\b(?:aber|jedoch|allerdings) (?:kann ich|ich kann)\b", r"\bich kann (?:ihnen|dir) (?:aber|jedoch|stattdessen|gerne)\b"),
}  # fmt: skip

PORTUGUESE: dict[Phrase, tuple[str, ...]] = {
    Phrase.APOLOGY: (r"\bdesculp[ae]", r"\binfelizmente\b", r"\bsinto muito\b", r"\blamento\b", r"\bpe[çc]o (?:desculpas|perd)"),
    Phrase.UNABLE: (
        r"\bn[ãa]o (?:te |lhe |o |a |me )*(?:posso|podemos|poderia|poderei|consigo|conseguimos)\s" + _GAP + r"(?:ajud|auxili|fornec|oferec|dar\b|respond|compartilh|recomend|faz|cri|escrev|ger|redig|apoi|acess|atend|opin|particip|continu|suger|aconselh|prever|discut|realiz|cumprir)",
        r"\bn[ãa]o (?:me )?[ée] poss[ií]vel\b", r"\bn[ãa]o (?:estou|sou|fui) (?:autorizad|capaz|em condi|programad|habilitad|apto)", r"\bn[ãa]o tenho (?:permiss|autoriz|capacidade)", r"\bs[óo] posso (?:ajudar|responder)", r"\bfora do meu (?:alcance|escopo)", r"\bn[ãa]o posso ajudar",
    ),
    Phrase.UNWILLING: (r"\bn[ãa]o vou\b", r"\brecuso(?:-me)?\b", r"\b(?:devo|preciso|tenho que) (?:recusar|declinar)", r"\bprefiro n[ãa]o\b", r"\bn[ãa]o (?:apoio|promovo|incentivo|tolero)\b"),
    Phrase.AS_AN_AI: (r"\bcomo (?:um |uma )?(?:modelo|ia\b|intelig[êe]ncia artificial|assistente)", r"\bsou (?:apenas )?(?:um |uma )(?:modelo|ia\b|intelig[êe]ncia|assistente)"),
    Phrase.NO_OPINION: (r"\bn[ãa]o (?:tenho|possuo|expresso|formo)\s" + _GAP + r"(?:opini|cren[çc]a|prefer[êe]ncia|sentimento)", r"\b(?:neutr[oa]|imparcial)\b"),
    Phrase.NO_ACCESS: (
        r"\bn[ãa]o (?:tenho|temos|disponho|encontrei|encontramos|encontro|consta|constam|h[áa]|sei\b|localizei|possuo|possu[ií]mos|(?:consigo|posso) (?:encontrar|ver|acessar|verificar|consultar))", r"\bn[ãa]o (?:cont[êe]m|inclu(?:i|em)|menciona|especifica|informa)", r"\bnenhuma (?:informa|men[çc])",
    ),
    Phrase.POLICY: (r"\b(?:pol[ií]tica|diretri|norma|princ[ií]pio)\pL* (?:de (?:uso|conte[úu]do|seguran[çc]a)|[ée]tic|intern)", r"\bvai contra\b", r"\bminha programa[çc][ãa]o\b"),
    Phrase.HARM: (r"\b(?:ilegal|crime|il[ií]cit|prejudicial|perigos|inapropriad|inadequad|ofensiv|discriminat[óo]ri|anti[ée]tic|imoral|privacidade|desinforma|viol[êe]ncia|dan)",),
    Phrase.NOT_PROPER: (r"\bn[ãa]o (?:[ée]|seria) " + _GAP + r"(?:apropriad|[ée]tic|adequad|aceit[áa]vel|legal|correto|poss[ií]vel)",),
    Phrase.IMPORTANT: (r"\b[ée] (?:importante|essencial|fundamental)\b", r"\brespeit"),
    Phrase.REDIRECT: (r"\b(?:consult|contat|procur|fal|dirij)[\pL-]*\s" + _GAP + r"(?:m[ée]dic|profissional|advogad|especialista|suporte|servi[çc]o|atendimento|autoridade)", r"\b(?:recomendo|sugiro|aconselho)\b"),
    Phrase.ASK_MORE: (r"\b(?:poderia|pode|voc[êe] pode) " + _GAP + r"(?:fornecer|esclarecer|especificar|informar|dar)", r"\bmais (?:detalhes|contexto|informa[çc][õo]es)\b"),
    Phrase.DEPENDS: (r"\bdepende\b", r"\b(?:tema|assunto|quest[ãa]o) (?:complex|delicad|subjetiv|pol[êe]mic|controvers)", r"\b(?:muitas|v[áa]rias|diferentes|diversas) (?:opini|perspectiva|vis[õo]es)", r"\bdif[ií]cil (?:dizer|saber|prever)"),
    Phrase.OFFER_ELSE: (r"\bajudar (?:em|com) (?:algo|outra|mais|alguma)", r"\balgo mais\b", r"\bem vez disso\b"),
    Phrase.HELPS: (r"^\W{0,3}(?:sim|claro|com certeza|aqui|certamente)\b", r"\b(?:siga estes|os seguintes|estes) (?:passos|dicas)"),
    Phrase.STILL_HELPS: (r"\bmas posso\b", r"\bposso (?:lhe |te )?(?:oferecer|explicar|contar|dar)\b"),
}  # fmt: skip

ITALIAN: dict[Phrase, tuple[str, ...]] = {
    Phrase.APOLOGY: (r"\bmi dispiace\b", r"\bpurtroppo\b", r"\bmi scus[oi]\b", r"\bsono spiacente\b", r"\bchiedo scusa\b", r"\bci scusiamo\b"),
    Phrase.UNABLE: (
        r"\bnon (?:ti |vi |le |lo |la |mi )*(?:posso|possiamo|potrei|riesco|sono in grado|siamo in grado)\s" + _GAP + r"(?:aiutar|assister|fornir|dar|rispond|condivid|offrir|consigli|raccomand|far|crear|scriver|gener|accede|soddisf|parlar|esprim|partecip|continu|complet|preved|trovar)",
        r"\bnon (?:sono|siamo) (?:in grado|autorizzat|programmat|capac|abilitat)", r"\bnon mi è (?:possibile|permesso|consentito)", r"\bnon posso (?:aiutar|farlo)", r"\bposso (?:solo|soltanto) (?:aiutar|risponder)",
    ),
    Phrase.UNWILLING: (r"\bnon (?:intendo|voglio|ho intenzione|farò|scriverò|creerò)\b", r"\bmi rifiuto\b", r"\bdevo (?:rifiutare|declinare)", r"\bpreferisco non\b", r"\bnon (?:approvo|promuovo|sostengo|tollero)\b"),
    Phrase.AS_AN_AI: (r"\b(?:come|in quanto|essendo) (?:un |un'|una )?(?:modello|ia\b|intelligenza artificiale|assistente|ai\b)", r"\bsono (?:solo )?(?:un |un'|una )(?:modello|ia\b|intelligenza|assistente)"),
    Phrase.NO_OPINION: (r"\bnon (?:ho|possiedo|esprimo)\s" + _GAP + r"(?:opinion|credenz|preferenz|sentiment)", r"\b(?:neutral|imparzial)"),
    Phrase.NO_ACCESS: (r"\bnon (?:ho|dispongo|abbiamo|ho trovato|trovo|so\b|è (?:presente|indicat|specificat|menzionat|riportat)|ci sono|risulta|conosco|sono riuscit)", r"\bnon (?:contien|contengono|includ|menzion|specific|riport)", r"\bnessuna informazione\b"),
    Phrase.POLICY: (r"\b(?:politic|linee guida|norme|principi|regole)\pL* (?:di utilizzo|sui contenuti|etic|intern|di sicurezza)?", r"\bva contro\b"),
    Phrase.HARM: (r"\b(?:illegale|reato|illecit|dannos|pericolos|inappropriat|offensiv|discriminator|non etic|immorale|privacy|violenza)",),
    Phrase.NOT_PROPER: (r"\bnon (?:è|sarebbe) " + _GAP + r"(?:appropriat|etic|adeguat|accettabile|legale|corretto|possibile|opportun)",),
    Phrase.IMPORTANT: (r"\bè (?:importante|essenziale|fondamentale)\b", r"\brispett"),
    Phrase.REDIRECT: (r"\b(?:consult|contatt|rivolg|parl|chied)[\pL-]*\s" + _GAP + r"(?:medico|professionista|avvocato|esperto|supporto|assistenza|servizio|specialista|autorità)", r"\b(?:ti|le|vi) (?:consiglio|suggerisco|raccomando|invito)\b"),
    Phrase.ASK_MORE: (r"\b(?:potresti|potrebbe|puoi|può) " + _GAP + r"(?:fornir|chiarir|specificar|dirmi|indicar)", r"\b(?:più|maggiori|ulteriori) (?:dettagli|contesto|informazioni)\b"),
    Phrase.DEPENDS: (r"\bdipende\b", r"\b(?:argomento|tema|questione) (?:compless|delicat|soggettiv|controvers)", r"\b(?:molte|diverse|varie|numerose) (?:opinioni|prospettive)", r"\bdifficile (?:dire|sapere|prevedere)"),
    Phrase.OFFER_ELSE: (r"\baiutar\pL+ (?:con|in) (?:altro|qualcos|qualche)", r"\bqualcos'altro\b", r"\binvece\b"),
    Phrase.HELPS: (r"^\W{0,3}(?:sì|certo|certamente|ecco|volentieri)\b", r"\b(?:i seguenti|questi) (?:passaggi|consigli)"),
    Phrase.STILL_HELPS: (r"\bma posso\b", r"\bposso (?:però|comunque|offrirti|spiegarti|dirti)"),
}  # fmt: skip
