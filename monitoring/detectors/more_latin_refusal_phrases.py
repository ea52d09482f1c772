"""Turns of phrase of refusals in Dutch, Polish and Turkish."""

from __future__ import annotations

from monitoring.detectors.refusal_phrases import Phrase

DUTCH: dict[Phrase, tuple[str, ...]] = {
    Phrase.APOLOGY: (r"\b(?:het )?spijt me\b", r"\bhelaas\b", r"\bsorry\b", r"\bexcuses\b", r"\bmijn excuus\b"),
    Phrase.UNABLE: (
        r"\b(?:ik|we|wij) (?:kan|kunnen|mag|mogen)\s(?:[\pL'-]+\s){0,5}?(?:niet|geen)\s(?:[\pL'-]+\s){0,5}?(?:helpen|geven|beantwoorden|bieden|verstrekken|doen|maken|schrijven|assisteren|ondersteunen|delen|aanraden|voldoen|uitvoeren|adviseren|meewerken|zeggen|bespreken|inzien|voorspellen)",
        r"\b(?:kan|mag) ik\s(?:[\pL'-]+\s){0,4}?(?:niet|geen)\b", r"\bik ben niet (?:in staat|bevoegd|geprogrammeerd|gemachtigd)", r"\bis (?:voor )?mij niet (?:mogelijk|toegestaan)", r"\bik kan (?:je|u|jou) (?:hier|daar)(?:bij|mee) niet\b", r"\bik kan alleen\b",
    ),
    Phrase.UNWILLING: (r"\bik (?:ga|wil|zal|weiger)\s(?:[\pL'-]+\s){0,4}?(?:niet|geen|om|te)\b", r"\bmoet ik\s(?:[\pL'-]+\s){0,3}?(?:weigeren|afwijzen)", r"\bik doe dat (?:liever )?niet\b", r"\bik (?:steun|keur)\s(?:[\pL'-]+\s){0,3}?(?:niet|geen)\b"),
    Phrase.AS_AN_AI: (r"\bals (?:een )?(?:ai\b|ai-|taalmodel|kunstmatige intelligentie|assistent)", r"\bik ben (?:slechts |maar |alleen )?een (?:ai\b|ai-|taalmodel|assistent|kunstmatige)"),
    Phrase.NO_OPINION: (r"\b(?:heb|geef) (?:ik )?geen (?:\pL+ )?(?:mening|voorkeur|overtuiging|gevoelens)", r"\b(?:neutraal|onpartijdig)\b"),
    Phrase.NO_ACCESS: (r"\b(?:heb|hebben|vind|vinden|beschik) (?:ik |we |wij |er |hier |daar |over |helaas ){0,4}geen\b", r"\bgeen (?:\pL+ )?(?:informatie|gegevens|toegang|vermelding)\b", r"\bik weet (?:het|dat) (?:helaas )?niet\b", r"\b(?:niet|geen) (?:\pL+ )?(?:vermeld|gevonden|opgenomen|beschikbaar|genoemd|bekend)\b", r"\b(?:staat|staan|vermeld\pL*|bevat\pL*) (?:\pL+ ){0,5}?(?:niet|geen)\b"),
    Phrase.POLICY: (r"\b(?:beleid|richtlijnen|gebruiksvoorwaarden)\b", r"\btegen (?:mijn|onze|de) (?:\pL+ )?(?:richtlijnen|regels|beleid)"),
    Phrase.HARM: (r"\b(?:illegaal|strafbaar|misdrijf|schadelijk|gevaarlijk|ongepast|beledigend|discriminerend|onethisch|immoreel|privacy|verboten|geweld)",),
    Phrase.NOT_PROPER: (r"\b(?:is|zou) (?:\pL+ ){0,3}?niet (?:\pL+ )?(?:gepast|ethisch|acceptabel|legaal|toegestaan|juist|mogelijk)",),
    Phrase.IMPORTANT: (r"\bhet is (?:\pL+ )?belangrijk\b", r"\brespect"),
    Phrase.REDIRECT: (r"\b(?:raadpleeg|neem contact|neemt u contact|vraag|bel|ga naar|praat met|overleg)\s(?:[\pL'-]+\s){0,6}?(?:arts|dokter|professional|advocaat|deskundige|klantenservice|helpdesk|specialist|op)\b", r"\bik raad (?:je|u)\b"),
    Phrase.ASK_MORE: (r"\b(?:kun|kunt|zou|kan) (?:je|u) (?:\pL+ ){0,4}?(?:geven|verduidelijken|aangeven|toelichten|laten weten)", r"\bmeer (?:details|context|informatie)\b"),
    Phrase.DEPENDS: (r"\b(?:hangt (?:er )?(?:\pL+ )?(?:af|vanaf)|afhankelijk van)\b", r"\b(?:complex|gevoelig|omstreden|subjectief) (?:onderwerp|kwestie)", r"\b(?:veel|verschillende|uiteenlopende) (?:meningen|perspectieven|opvattingen)", r"\bmoeilijk te (?:zeggen|voorspellen)"),
    Phrase.OFFER_ELSE: (r"\b(?:iets anders|ergens anders|verder nog|nog iets)\b", r"\bin plaats daarvan\b"),
    Phrase.HELPS: (r"^\W{0,3}(?:ja|natuurlijk|zeker|graag|hier)\b", r"\bvolgende (?:stappen|tips)\b"),
    Phrase.STILL_HELPS: (r"\bmaar ik kan\b", r"\bik kan (?:je|u) wel\b", r"\bwel kan ik\b"),
}  # fmt: skip

POLISH: dict[Phrase, tuple[str, ...]] = {
    Phrase.APOLOGY: (r"\bprzepraszam", r"\bprzykro mi\b", r"\bniestety\b", r"\bwybacz"),
    Phrase.UNABLE: (
        r"\bnie (?:mogę|możemy|mógłbym|mogłabym|jestem w stanie|jesteśmy w stanie|potrafię|wolno mi|umiem)\s" + r"(?:[\pL'-]+,?\s){0,3}?" + r"(?:pom[óo]|udzieli|poda|odpowie|dostarczy|zrobi|stworzy|napisa|udost[ęe]pni|poleci|doradz|wygenerowa|spełni|uczestniczy|zaoferowa|wesprze|kontynuowa|wykona|ocenia|przewidzie)",
        r"\bnie (?:mogę|możemy) (?:ci |ci w tym |w tym |tego |panu |pani )?(?:pomóc|zrobić)", r"\bnie jestem (?:upoważnion|uprawnion|w stanie|zaprogramowan)", r"\bmogę (?:tylko|jedynie) (?:pom|odpow)", r"\bnie mam (?:możliwości|uprawnień|pozwolenia)",
    ),
    Phrase.UNWILLING: (r"\bnie (?:zamierzam|będę|chcę|zrobię|napiszę|stworzę|popieram|promuję|toleruję)\b", r"\bodmawiam\b", r"\bmuszę odmówić\b", r"\bwolę nie\b"),
    Phrase.AS_AN_AI: (r"\bjako (?:model|sztuczna inteligencja|asystent|ai\b|si\b)", r"\bjestem (?:tylko |jedynie )?(?:model|sztuczn|asystent|ai\b)"),
    Phrase.NO_OPINION: (r"\bnie (?:mam|posiadam|wyrażam)\s" + r"(?:[\pL'-]+\s){0,2}?" + r"(?:opinii|poglądów|przekonań|preferencji|zdania|uczuć)", r"\b(?:neutraln|bezstronn)"),
    Phrase.NO_ACCESS: (r"\bnie (?:mam|mamy|posiadam|znalazłe?[am]?m?|znaleźliśmy|widzę|wiem|znam|ma|dysponuję)\s(?:[\pL'-]+\s){0,3}?(?:dostępu|informacji|danych|wzmianki|tego|odpowiedzi|szczegółów)", r"\bnie wiem\b", r"\bbrak (?:\pL+ )?(?:informacji|danych)", r"\bnie (?:zawiera|zawierają|wspomina|wspominają|podano|określa|określono|odnosz)"),
    Phrase.POLICY: (r"\b(?:wytyczn|polityk[aąi] (?:treści|bezpieczeństwa|użytkowania)|zasad)", r"\bniezgodn\pL+ z\b"),
    Phrase.HARM: (r"\b(?:nielegaln|przestępstw|szkodliw|niebezpieczn|nieodpowiedni|obraźliw|dyskrymin|nieetyczn|niemoraln|prywatnoś|przemoc|niezgodne z prawem)",),
    Phrase.NOT_PROPER: (r"\bnie (?:jest|byłoby) (?:\pL+ )?(?:właściw|etyczn|odpowiedni|dopuszczaln|legaln|stosown|możliw)",),
    Phrase.IMPORTANT: (r"\bważne jest\b", r"\bszacun"),
    Phrase.REDIRECT: (r"\b(?:skonsultuj|skontaktuj|zwróć|porozmawiaj|zapytaj|udaj)\pL*\s(?:[\pL'-]+\s){0,5}?(?:lekarz|specjalist|prawnik|ekspert|obsług|wsparci|pomoc|doradc)", r"\b(?:zalecam|polecam|sugeruję|radzę)\b"),
    Phrase.ASK_MORE: (r"\b(?:czy )?(?:możesz|mógłbyś|mogłabyś|może pan|może pani)\s(?:[\pL'-]+\s){0,3}?(?:poda|wyjaśni|sprecyzowa|doprecyzowa)", r"\bwięcej (?:szczegółów|informacji|kontekstu)\b"),
    Phrase.DEPENDS: (r"\bzależy\b", r"\b(?:złożony|delikatny|kontrowersyjny|subiektywny) temat", r"\b(?:wiele|różne|różnych) (?:opinii|opinie|perspektyw|poglądów)", r"\btrudno (?:powiedzieć|przewidzieć|stwierdzić)"),
    Phrase.OFFER_ELSE: (r"\bw czymś (?:innym|jeszcze)\b", r"\bcoś jeszcze\b", r"\bzamiast tego\b"),
    Phrase.HELPS: (r"^\W{0,3}(?:tak|oczywiście|jasne|pewnie|oto|proszę)\b", r"\bnastępujące (?:kroki|wskazówki)"),
    Phrase.STILL_HELPS: (r"\b(?:ale|jednak|natomiast) mogę\b", r"\bmogę (?:jednak|natomiast)\b"),
}  # fmt: skip

TURKISH: dict[Phrase, tuple[str, ...]] = {
    Phrase.APOLOGY: (r"\büzgünüm\b", r"\bmaalesef\b", r"\bözür dilerim\b", r"ne yaz[ıi]k ki", r"\bkusura bakma"),
    Phrase.UNABLE: (
        r"(?:yard[ıi]mc[ıi] ol|yard[ıi]m ed|sağla|ver|cevapla|yan[ıi]tla|öner|yap|yaz|oluştur|sun|paylaş|destekle|yerine getir|bulun|konuş|üret|söyle|eriş|tahmin ed)\pL{0,3}(?:amam|emem|amıyorum|emiyorum|amayız|emeyiz|amıyoruz|emiyoruz|amayacağım|emeyeceğim)", r"\b(?:yetkim|iznim) yok\b", r"mümkün değil", r"yard[ıi]mc[ıi] olamam", r"yaln[ıi]zca .{0,40} yard[ıi]mc[ıi] olabilirim",
    ),
    Phrase.UNWILLING: (r"\breddediyorum\b", r"\breddetmek zorunday[ıi]m\b", r"(?:yapmayacağ[ıi]m|yazmayacağ[ıi]m|etmeyeceğim|oluşturmayacağ[ıi]m|vermeyeceğim)", r"tercih etmiyorum", r"desteklemiyorum"),
    Phrase.AS_AN_AI: (r"bir (?:yapay zeka|dil modeli|asistan)", r"yapay zek[aâ] (?:modeli|asistan|olarak|dil)", r"dil modeli"),
    Phrase.NO_OPINION: (r"(?:kişisel )?(?:görüş|fikir|inanç|düşünce|tercih)\pL* (?:sahip değilim|yok)", r"\btarafs[ıi]z"),
    Phrase.NO_ACCESS: (r"(?:bilgi|veri|erişim|eriş|kay[ıi]t)\pL* (?:yok|bulunmuyor|bulunmamaktad[ıi]r|sahip değilim|bulamad[ıi]m|içermiyor|yer alm[ıi]yor)", r"\bbilmiyorum\b", r"\bbulamad[ıi]m\b", r"(?:yer alm[ıi]yor|belirtilmemiş|bulunmuyor|içermiyor|geçmiyor)"),
    Phrase.POLICY: (r"(?:politika|kural|ilke|yönerge)\pL*",),
    Phrase.HARM: (r"(?:yasa ?d[ıi]ş[ıi]|suçtur|zararl[ıi]|tehlikeli|uygunsuz|sald[ıi]rgan|ayr[ıi]mc[ıi]|etik d[ıi]ş[ıi]|ahlaks[ıi]z|gizlilik|yasal değil|şiddet|suç )",),
    Phrase.NOT_PROPER: (r"(?:uygun|etik|doğru|kabul edilebilir|yasal|mümkün) (?:değil|olmaz)",),
    Phrase.IMPORTANT: (r"\bönemli(?:dir)?\b", r"sayg[ıi]"),
    Phrase.REDIRECT: (r"(?:doktor|uzman|avukat|destek|müşteri hizmet|yetkili|profesyonel)\pL*\s(?:[\pL'-]+\s){0,4}?(?:danış|başvur|iletişim|görüş)", r"\b(?:öneririm|tavsiye ederim)\b"),
    Phrase.ASK_MORE: (r"daha fazla (?:bilgi|ayr[ıi]nt[ıi]|detay|bağlam)", r"(?:aç[ıi]klar|belirtir|verebilir|paylaş[ıi]r) m[ıi]s[ıi]n"),
    Phrase.DEPENDS: (r"\b(?:bağl[ıi]d[ıi]r|değişir|göre değişir)\b", r"(?:karmaş[ıi]k|hassas|tart[ıi]şmal[ıi]) bir konu", r"(?:farkl[ıi]|birçok|çeşitli) (?:görüş|fikir|bak[ıi]ş)", r"(?:söylemek|tahmin etmek|bilmek) zor"),
    Phrase.OFFER_ELSE: (r"başka (?:bir konuda|bir şey|nas[ıi]l)", r"bunun yerine"),
    Phrase.HELPS: (r"^\W{0,3}(?:evet|elbette|tabii|tabi|işte)", r"(?:aşağ[ıi]daki|şu) ad[ıi]mlar"),
    Phrase.STILL_HELPS: (r"\b(?:ama|ancak|fakat) .{0,60}(?:ebilirim|abilirim)\b",),
}  # fmt: skip
