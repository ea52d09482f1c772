"""Languages are told, and where they cannot be told, nothing is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.errors import CannotJudge, EvaluatorRefused
from evals.evaluators.cases import Case
from evals.evaluators.languages import NAMES, SpokenIn, language_of

SENTENCES = {
    "ar": "يستغرق استرداد المبلغ حوالي أربعة عشر يوما بعد استلام المنتج.",
    "cs": "Vrácení peněz trvá obvykle čtrnáct dní od přijetí zboží.",
    "da": "Tilbagebetalingen tager normalt fjorten dage, efter at vi har modtaget varen.",
    "de": "Die Erstattung dauert in der Regel vierzehn Tage.",
    "el": "Η επιστροφή χρημάτων διαρκεί συνήθως δεκατέσσερις ημέρες.",
    "en": "The refund usually takes fourteen days after we receive the item.",
    "es": "El reembolso suele tardar catorce días desde que recibimos el artículo.",
    "fi": "Hyvitys kestää yleensä neljätoista päivää tuotteen saapumisesta.",
    "fr": "Le remboursement prend généralement quatorze jours après réception.",
    "he": "ההחזר הכספי אורך בדרך כלל ארבעה עשר ימים.",
    "hi": "धनवापसी में आमतौर पर चौदह दिन लगते हैं।",
    "hu": "A visszatérítés általában tizennégy napot vesz igénybe.",
    "id": "Pengembalian dana biasanya memakan waktu empat belas hari setelah barang diterima.",
    "it": "Il rimborso richiede di solito quattordici giorni dal ricevimento.",
    "ja": "返金には通常、商品の受領後十四日かかります。",
    "ko": "환불은 보통 상품을 받은 후 십사일이 걸립니다.",
    "nl": "De terugbetaling duurt meestal veertien dagen nadat wij het artikel hebben ontvangen.",
    "no": "Refusjonen tar vanligvis fjorten dager etter at vi har mottatt varen.",
    "pl": "Zwrot pieniędzy trwa zwykle czternaście dni od otrzymania towaru.",
    "pt": "O reembolso costuma demorar catorze dias após recebermos o artigo.",
    "ro": "Rambursarea durează de obicei paisprezece zile de la primirea produsului.",
    "ru": "Возврат денег обычно занимает четырнадцать дней.",
    "sv": "Återbetalningen tar vanligtvis fjorton dagar efter att vi har tagit emot varan.",
    "th": "การคืนเงินมักใช้เวลาสิบสี่วันหลังจากได้รับสินค้า",
    "tr": "Para iadesi genellikle ürünü aldıktan sonra on dört gün sürer.",
    "uk": "Повернення коштів зазвичай триває чотирнадцять днів.",
    "vi": "Việc hoàn tiền thường mất mười bốn ngày sau khi chúng tôi nhận được hàng.",
    "zh": "退款通常需要在收到商品后十四天内完成。",
}


def test_every_language_that_can_be_chosen_is_told():
    assert set(SENTENCES) == set(NAMES)
    told = {code: language_of(text) for code, text in SENTENCES.items()}

    assert {code: found and found.code for code, found in told.items()} == {code: code for code in SENTENCES}


@pytest.mark.parametrize(
    "text", ["", "ok", "42", "https://example.com/a/very/long/path", "`for x in range(10): print(x)`", "!!!"]
)
def test_what_has_no_language_gets_none(text):
    assert language_of(text) is None


def test_code_in_an_answer_does_not_change_its_language():
    found = language_of(f"{SENTENCES['de']}\n```python\nfor item in items:\n    print(item)\n```")

    assert found.code == "de"


def test_the_answer_should_be_in_the_language_of_the_question():
    asked = {"question": SENTENCES["fr"], "tone": "friendly"}

    assert SpokenIn().judge(Case(SENTENCES["fr"], inputs=asked)).passed
    wrong = SpokenIn().judge(Case(SENTENCES["en"], inputs=asked))
    assert wrong.why == "The answer is in English, not in French."


def test_a_language_can_be_chosen():
    assert SpokenIn("de").judge(Case(SENTENCES["de"])).passed
    assert not SpokenIn("de").judge(Case(SENTENCES["nl"])).passed
    with pytest.raises(EvaluatorRefused):
        SpokenIn("klingon")


@pytest.mark.parametrize(
    ("output", "asked"), [("ok", SENTENCES["en"]), (SENTENCES["en"], "7")], ids=["short answer", "short question"]
)
def test_what_is_too_short_is_no_score(output, asked):
    with pytest.raises(CannotJudge, match="too short"):
        SpokenIn().judge(Case(output, inputs={"question": asked}))


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_a_language_or_none(text):
    found = language_of(text)
    assert found is None or found.code in NAMES
